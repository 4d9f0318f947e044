# Faulty: it never reads a request, but its answer is late enough to seem one.
import socket
import sys
import threading
import time


def serve(client):
    time.sleep(1.5)
    try:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nHello World")
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
