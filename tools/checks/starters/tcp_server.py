"""4.1 A TCP server: it greets each client with "Hello World".

Copy this file, and write one function after the other. After each, run the checks in the copy's
folder. (To install them, run `cargo install --locked --path tools/checks` in the course's folder.)

    checks tcp-server -- python3 tcp_server.py "{port}"

Or open http://127.0.0.1:8080/ in a browser while this runs:

    python3 tcp_server.py 8080

The first checks pass with these functions alone. The later ones need more: change all of this file
as you like.
"""

import socket
import sys


def main():
    port = int(sys.argv[1])
    listener = create()
    bind(listener, port)
    listen(listener)
    while True:
        client = accept(listener)
        request = receive(client)
        send(client, answer(request))
        close(client)


def create():
    raise NotImplementedError("step 1, create: return a new socket for TCP over IPv4")


def bind(listener, port):
    raise NotImplementedError("step 2, bind: bind the socket to 127.0.0.1 and the port")


def listen(listener):
    raise NotImplementedError("step 3, listen: make the socket listen, with room for many clients")


def accept(listener):
    raise NotImplementedError("step 4, accept: wait for a client and return its own socket")


def receive(client):
    raise NotImplementedError("step 5, receive: return the bytes of a complete request")


def answer(request):
    raise NotImplementedError("step 5, answer: return status line, empty line, Hello World")


def send(client, data):
    raise NotImplementedError("step 5, send: send all bytes of the answer to the client")


def close(client):
    raise NotImplementedError("step 6, close: close the client's socket, and not the listener")


main()
