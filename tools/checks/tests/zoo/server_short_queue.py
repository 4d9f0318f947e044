# A thread for each client, but the short queue that Python's library has by default, which costs
# clients time.
import socketserver, sys

class Attend(socketserver.StreamRequestHandler):
    timeout = 5
    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nHello World")

socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Attend).serve_forever()
