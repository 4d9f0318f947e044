# Its answer comes in two datagrams, and what is no temperature is converted, too.
import socket, sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't bind: {error}")
while True:
    data, client = server.recvfrom(65536)
    try:
        celsius = float(data.decode())
    except ValueError:
        continue
    server.sendto(b"Fahrenheit:", client)
    server.sendto(str(celsius * 1.8 + 32).encode(), client)
