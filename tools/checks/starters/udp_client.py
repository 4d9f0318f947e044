"""5.2 A UDP client: it asks a server to convert the temperature that you type.

Copy this file, and write one function after the other. After each, run the checks in the copy's
folder. (To install them, run `cargo install --locked --path tools/checks` in the course's folder.)

    checks udp-client -- python3 udp_client.py "{port}"

Or try it with udp_server.py, which you start first, in another terminal:

    python3 udp_client.py 1314

The first checks pass with these functions alone. The later ones need more: change all of this file
as you like.
"""

import socket
import sys


def main():
    port = int(sys.argv[1])
    client = create()
    celsius = ask()
    send(client, celsius, port)
    show(receive(client))
    close(client)


def create():
    raise NotImplementedError("step 1, create: return a new socket for UDP over IPv4")


def ask():
    raise NotImplementedError("step 2, ask: return a line from the keyboard")


def send(client, celsius, port):
    raise NotImplementedError("step 2, send: send the text to 127.0.0.1 and the port")


def receive(client):
    raise NotImplementedError("step 3, receive: return the bytes of the answer")


def show(data):
    raise NotImplementedError("step 3, show: print the bytes as text")


def close(client):
    raise NotImplementedError("step 4, close: close the socket")


main()
