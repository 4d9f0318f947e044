"""5.1 A UDP server: it converts degrees Celsius to degrees Fahrenheit.

Copy this file, and write one function after the other. After each, run the checks in the copy's
folder. (To install them, run `cargo install --locked --path tools/checks` in the course's folder.)

    checks udp-server -- python3 udp_server.py "{port}"

Or try it with udp_client.py in a second terminal:

    python3 udp_server.py 1314

The first checks pass with these functions alone. The later ones need more: change all of this file
as you like.
"""

import socket
import sys


def main():
    port = int(sys.argv[1])
    server = create()
    bind(server, port)
    while True:
        request, client = receive(server)
        send(server, answer(request), client)
    # Step 5, close, never comes: this server answers until it is stopped.


def create():
    raise NotImplementedError("step 1, create: return a new socket for UDP over IPv4")


def bind(server, port):
    raise NotImplementedError("step 2, bind: bind the socket to 127.0.0.1 and the port")


def receive(server):
    raise NotImplementedError("step 3, receive: return a datagram's bytes and its sender's address")


def answer(request):
    raise NotImplementedError("step 4, answer: return the degrees Fahrenheit, as bytes")


def send(server, data, client):
    raise NotImplementedError("step 4, send: send the answer to the client's address")


main()
