"""4.3 The guest of a chat: it joins the host, and both talk until one says "byebye".

Copy this file, and write one function after the other. After each, run the checks in the copy's
folder. (To install them, run `cargo install --locked --path tools/checks` in the course's folder.)

    checks chat-client -- python3 chat_client.py "{port}"

Or try it with chat_server.py, which you start first, in another terminal:

    python3 chat_client.py 12345

The first checks pass with these functions alone. The later ones need more: change all of this file
as you like.
"""

import socket
import sys


def main():
    port = int(sys.argv[1])
    host = create()
    connect(host, port)
    while True:
        message = ask()
        send(host, message)
        if message == "byebye":
            break
        message = receive(host)
        if message == "byebye":
            break
        show(message)
    close(host)


def create():
    raise NotImplementedError("step 1, create: return a new socket for TCP over IPv4")


def connect(host, port):
    raise NotImplementedError("step 2, connect: connect the socket to 127.0.0.1 and the port")


def ask():
    raise NotImplementedError("step 3, ask: return a line from the keyboard")


def send(host, message):
    raise NotImplementedError("step 3, send: send all bytes of the message to the host")


def receive(host):
    raise NotImplementedError("step 3, receive: return a message as text, without line end")


def show(message):
    raise NotImplementedError("step 3, show: print the message")


def close(host):
    raise NotImplementedError("step 4, close: close the socket")


main()
