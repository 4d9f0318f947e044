# Answers whatever comes, and never closes a connection before its client does. One client at a time.
import socket, sys

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
listener.listen(128)
while True:
    client, _ = listener.accept()
    try:
        while client.recv(4096):
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError as error:
        print("lost a client:", error)
    client.close()
