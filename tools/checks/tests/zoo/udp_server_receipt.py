# Good: first it says what it was asked, and then the answer, each in a datagram.
import math
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"cannot use the port: {error}")
while True:
    request, client = server.recvfrom(70000)
    try:
        celsius = float(request)
        if not math.isfinite(celsius * 1.8 + 32) or celsius < -273.15:
            answer = "impossible"
        else:
            answer = f"{celsius * 1.8 + 32:.2f}"
        server.sendto(f"You asked {celsius}".encode(), client)
    except ValueError:
        answer = "no number"
    server.sendto(answer.encode(), client)
