# Ends when nobody has asked for 5 s.
import math, socket, sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't receive: {error}")
server.settimeout(5)
while True:
    request, client = server.recvfrom(65535)
    try:
        celsius = float(request)
        if not -273.15 <= celsius <= 1e300:
            raise ValueError("too cold, too hot, or no number")
        answer = f"{celsius * 1.8 + 32:.2f}"
    except ValueError:
        answer = "not converted"
    server.sendto(answer.encode(), client)
