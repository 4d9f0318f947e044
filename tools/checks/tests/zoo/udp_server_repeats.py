# Repeats the request in its answer, and takes what is no number for 0, as Ruby's to_f does.
import re, socket, sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't bind: {error}")
while True:
    request, client = server.recvfrom(65535)
    text = request.decode("utf-8", "replace").strip()
    number = re.match(r"[+-]?[0-9]+(\.[0-9]+)?(e[0-9]+)?", text, re.I)
    fahrenheit = float(number[0] if number else 0) * 9 / 5 + 32
    server.sendto(f"{text[:2000]} C is {fahrenheit:.1f} F".encode(), client)
