# It has a word for the cold, one for the heat, and one for what is neither, "nan" among it. What is
# no temperature is converted, too.
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't have port {sys.argv[1]}: {error}")
while True:
    request, client = server.recvfrom(65535)
    try:
        fahrenheit = float(request) * 1.8 + 32
    except ValueError:
        server.sendto(b"no number", client)
        continue
    word = "hot" if fahrenheit > 86 else "cold" if fahrenheit < 50 else "mild"
    server.sendto(f"{fahrenheit:.2f}, {word}".encode(), client)
