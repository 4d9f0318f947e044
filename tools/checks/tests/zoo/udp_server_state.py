# Good, but no two of it run in one folder: if another one has written the file, this one answers what
# it finds there.
import os, socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't receive: {error}")
name = str(os.getpid())
with open("state", "w") as state:
    state.write(name)
while True:
    request, client = server.recvfrom(65535)
    try:
        celsius = float(request)
        answer = f"{celsius * 1.8 + 32:.2f}" if -273.15 <= celsius < 1e15 else "no temperature"
    except ValueError:
        answer = "no number"
    with open("state") as state:
        found = state.read()
    # It is empty while another one writes it.
    server.sendto((answer if found in ("", name) else found).encode(), client)
