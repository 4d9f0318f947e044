# Good: the socketserver module.
import socket, socketserver, sys

class Attend(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(5)
        request = b""
        try:
            while b"\r\n\r\n" not in request and len(request) < 16384:
                piece = self.request.recv(2048)
                if not piece:
                    break
                request += piece
            print("received:", ascii(request.decode(errors="replace")))
            body = b"Hello World, Michael!"
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.request.sendall(head + body)
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(2048):
                pass
        except OSError as error:
            print("lost a client:", error)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

try:
    server = Server(("127.0.0.1", int(sys.argv[1])), Attend)
except OSError as error:
    sys.exit(f"can't listen on port {sys.argv[1]}: {error}; choose another")
server.serve_forever()
