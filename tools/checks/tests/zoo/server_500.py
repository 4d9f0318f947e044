# Faulty: says that it has failed.
import socket, sys, threading

BODY = b"<!doctype html><h1>HELLO, WORLD!</h1>"
HEAD = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(BODY)

def serve(client):
    with client:
        try:
            client.settimeout(5)
            request = b""
            while b"\r\n\r\n" not in request and len(request) < 16384:
                piece = client.recv(4096)
                if not piece:
                    break
                request += piece
            print("received", ascii(request[:80]))
            client.sendall(HEAD + BODY)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(1)
            while client.recv(65536):
                pass
        except OSError as error:
            print("lost a client:", error)

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
print("starting")
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
listener.listen(128)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
