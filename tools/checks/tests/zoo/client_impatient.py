# Leaves when the server has said nothing for 5 s, and removes ESC, but no other control characters.
import os, socket, sys, threading
try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
except OSError as error:
    sys.exit(f"can't connect: {error}")

def show():
    try:
        for line in server.makefile(encoding="utf-8", errors="replace"):
            print(line.replace("\x1b", "").rstrip("\n"), flush=True)
        print("the server has hung up", flush=True)
    except OSError as error:
        print("the connection broke:", error, flush=True)
    os._exit(0)

threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    if line == "exit\n":
        os._exit(0)
    server.sendall(line.encode())
server.shutdown(socket.SHUT_WR)
threading.Event().wait()
