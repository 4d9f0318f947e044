"""Asks the server, and shows what it has calculated itself."""

import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in sys.stdin:
    client.sendto(line.strip().encode(), ("127.0.0.1", int(sys.argv[1])))
    client.recvfrom(1024)
    print(f"{float(line) * 1.8 + 32:.1f} degrees", flush=True)
