# Takes turns. When the server is silent it hangs up, and connects again for the next line.
import socket, sys

def connect():
    return socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)

server = connect()
for line in sys.stdin:
    if line == "exit\n":
        break
    server = server or connect()
    server.sendall(line.encode())
    try:
        reply = server.recv(65536)
        print(ascii(reply.decode(errors="replace")), flush=True)
    except TimeoutError:
        print("no answer: hanging up", flush=True)
        reply = b""
    if not reply:
        server.close()
        server = None
