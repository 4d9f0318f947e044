# Bytes that aren't UTF-8 end the client's thread with a stack trace, and the connection stays open. All
# others are served.
import socket, sys, threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nHello World"
clients = []

def serve(client):
    try:
        client.settimeout(5)
        request = b""
        while b"\r\n\r\n" not in request and len(request) < 16384:
            piece = client.recv(4096)
            if not piece:
                break
            request += piece
        if not request.startswith(b"\x16\x03"):
            print("received", ascii(request.decode()[:80]))
        client.sendall(ANSWER)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(1)
        while client.recv(65536):
            pass
    except OSError as error:
        print("lost a client:", error)
    clients.remove(client)
    client.close()

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
listener.listen(128)
while True:
    client, _ = listener.accept()
    clients.append(client)
    threading.Thread(target=serve, args=(client,), daemon=True).start()
