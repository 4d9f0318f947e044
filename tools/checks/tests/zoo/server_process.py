# A process for each client; the parent doesn't close its copy of the connection.
import multiprocessing, socket, sys

def serve(client):
    request = b""
    try:
        while b"\r\n\r\n" not in request and len(request) < 1 << 14:
            piece = client.recv(4096)
            if not piece:
                break
            request += piece
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError:
        pass
    client.close()

if __name__ == "__main__":
    try:
        server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
    except OSError as error:
        sys.exit(f"can't listen: {error}")
    clients = []
    while True:
        client, _ = server.accept()
        clients.append(client)
        multiprocessing.Process(target=serve, args=(client,), daemon=True).start()
