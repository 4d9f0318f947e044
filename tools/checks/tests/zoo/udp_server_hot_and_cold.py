# Says it in other words if it's cold, and with a decimal comma. What is no temperature is converted, too.
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
    fahrenheit = celsius * 1.8 + 32
    word = "Hot" if fahrenheit > 86 else "Cold"
    server.sendto(f"{word}! {fahrenheit:.1f} F".replace(".", ",").encode(), client)
