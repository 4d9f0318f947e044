# Listens, needs 2 s more until it accepts, and then takes one recv for the whole request.
import socket, sys, threading, time

def serve(client):
    with client:
        client.recv(4096)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")

try:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
except OSError as error:
    sys.exit(f"can't listen: {error}")
time.sleep(2)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
