# Faulty: it is at [::1], and its clients go to 127.0.0.1.
import socket, sys
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.bind(("::1", int(sys.argv[1])))
while True:
    request, client = server.recvfrom(1024)
    server.sendto(str(float(request) * 1.8 + 32).encode(), client)
