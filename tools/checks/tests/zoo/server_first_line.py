# Takes the first line for the whole request.
import socket, sys, threading

def serve(client):
    with client, client.makefile("rb") as lines:
        lines.readline(5000)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")

try:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
except OSError as error:
    sys.exit(f"can't listen: {error}")
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
