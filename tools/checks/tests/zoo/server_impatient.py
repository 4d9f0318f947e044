# Ends when nobody has come for 5 s.
import socketserver, sys

class Greet(socketserver.StreamRequestHandler):
    timeout = 5

    def handle(self):
        try:
            size = 0
            while size < 16384 and (line := self.rfile.readline(4096)) not in (b"\r\n", b"\n", b""):
                size += len(line)
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nHello World")
            self.request.shutdown(1)
            while self.rfile.read(4096):
                pass
        except OSError as error:
            print("lost a client:", error)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128
    timeout = 5

    def handle_timeout(self):
        sys.exit("nobody comes any more")

try:
    server = Server(("127.0.0.1", int(sys.argv[1])), Greet)
except OSError as error:
    sys.exit(f"can't listen: {error}")
while True:
    server.handle_request()
