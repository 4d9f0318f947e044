# Faulty: if its port is taken, it has only begun the line that says that it starts.
import socket, sys, threading

def serve(client):
    try:
        with client:
            request = b""
            while b"\r\n\r\n" not in request and len(request) < 10_000:
                piece = client.recv(1024)
                if not piece:
                    break
                request += piece
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError:
        pass

print("Starting the server ... ", end="", flush=True)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError:
    sys.exit(1)
listener.listen(100)
print("done", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
