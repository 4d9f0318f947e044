"""4.2 A TCP client: it sends each line that you type and shows what the server answers.

Copy this file, and write one function after the other. After each, run the checks in the copy's
folder. (To install them, run `cargo install --locked --path tools/checks` in the course's folder.)

    checks tcp-client -- python3 tcp_client.py "{port}"

Or try it with a server that listens on port 8080:

    python3 tcp_client.py 8080

The first checks pass with these functions alone. The later ones need more: change all of this file
as you like.
"""

import socket
import sys


def main():
    port = int(sys.argv[1])
    server = create()
    connect(server, port)
    while True:
        line = ask()
        if line is None:
            break
        send(server, line)
        show(receive(server))
    close(server)


def create():
    raise NotImplementedError("step 1, create: return a new socket for TCP over IPv4")


def connect(server, port):
    raise NotImplementedError("step 2, connect: connect the socket to 127.0.0.1 and the port")


def ask():
    raise NotImplementedError("step 3, ask: return a typed line, None for exit or the end")


def send(server, line):
    raise NotImplementedError("step 3, send: send all of the line, and a line end")


def receive(server):
    raise NotImplementedError("step 3, receive: return the bytes that came")


def show(data):
    raise NotImplementedError("step 3, show: print the bytes as text")


def close(server):
    raise NotImplementedError("step 4, close: close the socket")


main()
