"""4.3 The host of a chat: it waits for a guest, and both talk until one says "byebye".

Copy this file, and write one function after the other. After each, run the checks in the copy's
folder. (To install them, run `cargo install --locked --path tools/checks` in the course's folder.)

    checks chat-server -- python3 chat_server.py "{port}"

Or try it with chat_client.py in a second terminal:

    python3 chat_server.py 12345

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
    guest = accept(listener)
    while True:
        message = receive(guest)
        if message == "byebye":
            break
        show(message)
        message = ask()
        send(guest, message)
        if message == "byebye":
            break
    close(guest, listener)


def create():
    raise NotImplementedError("step 1, create: return a new socket for TCP over IPv4")


def bind(listener, port):
    raise NotImplementedError("step 2, bind: bind the socket to 127.0.0.1 and the port")


def listen(listener):
    raise NotImplementedError("step 3, listen: make the socket listen")


def accept(listener):
    raise NotImplementedError("step 4, accept: wait for the guest and return its own socket")


def receive(guest):
    raise NotImplementedError("step 5, receive: return a message as text, without line end")


def show(message):
    raise NotImplementedError("step 5, show: print the message")


def ask():
    raise NotImplementedError("step 5, ask: return a line from the keyboard")


def send(guest, message):
    raise NotImplementedError("step 5, send: send all bytes of the message to the guest")


def close(guest, listener):
    raise NotImplementedError("step 6, close: close both sockets")


main()
