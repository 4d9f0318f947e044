# Faulty: it greets in plain text, with an empty line behind the greeting, which is no page.
import socket
import sys
import threading


def serve(client):
    request = b""
    try:
        while b"\r\n\r\n" not in request and len(request) < 16384:
            piece = client.recv(1024)
            if not piece:
                break
            request += piece
        client.sendall(b"Hello World\r\n\r\nGoodbye\r\n")
    except OSError as error:
        print("a client is gone:", error)
    client.close()


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"cannot use the port: {error}")
server.listen(128)
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
