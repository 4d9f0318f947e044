# Faulty: speaks GBK, both ways.
import os, socket, sys, threading

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")

def show():
    try:
        while piece := server.recv(4096):
            text = piece.decode("gbk", "replace")
            print("".join(c if c == "\n" or c.isprintable() else "?" for c in text), end="", flush=True)
        print("the server has hung up")
    except OSError as error:
        print("the connection broke:", error)
    os._exit(0)

threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    if line == "exit\n":
        os._exit(0)
    server.sendall(line.encode("gbk"))
server.shutdown(socket.SHUT_WR)
threading.Event().wait(5)
