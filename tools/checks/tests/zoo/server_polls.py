# Asks all its sockets again and again, without waiting. Otherwise good.
import socket, sys

try:
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
except OSError as error:
    sys.exit(f"can't listen: {error}")
server.setblocking(False)
requests = {}
while True:
    try:
        client, _ = server.accept()
        client.setblocking(False)
        requests[client] = b""
    except OSError:
        pass
    for client in list(requests):
        try:
            piece = client.recv(4096)
            requests[client] += piece
            if piece and b"\r\n\r\n" not in requests[client] and len(requests[client]) < 1 << 14:
                continue
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
            client.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            continue
        except OSError:
            pass
        client.close()
        del requests[client]
