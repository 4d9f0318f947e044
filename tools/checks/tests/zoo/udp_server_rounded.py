# Good: answers in whole degrees.
import re, socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't receive: {error}")
while True:
    request, client = server.recvfrom(65535)
    text = request.decode(errors="replace").strip()
    is_number = re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,6})?", text, re.ASCII)
    if is_number and float(text) >= -273.15:
        answer = f"{round(float(text) * 1.8 + 32)} degrees"
    else:
        answer = "that is no temperature"
    server.sendto(answer.encode(), client)
