# Faulty: takes half a second of quiet for the end of a reply, and its keyboard and reply take turns.
import socket, sys

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")
server.settimeout(0.5)

def reply():
    data = b""
    while True:
        try:
            piece = server.recv(4096)
        except TimeoutError:
            return data
        if not piece:
            sys.exit("the server has hung up")
        data += piece

try:
    while (line := input("> ")) != "exit":
        server.sendall(line.encode() + b"\n")
        print("".join(c if c == "\n" or c.isprintable() else "?" for c in reply().decode(errors="replace")))
except EOFError:
    pass
except OSError as error:
    print("the connection broke:", error)
