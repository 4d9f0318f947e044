# Faulty: one client after the other, each with a time limit for every read. (The limit is as long as
# most answers have, so that it never depends on luck which of them is over first.)
import socket, sys
web = socket.socket()
web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
web.bind(("127.0.0.1", int(sys.argv[1])))
web.listen(128)
while True:
    conn, _ = web.accept()
    conn.settimeout(5)
    request = bytearray()
    try:
        while not request.endswith(b"\r\n\r\n"):
            piece = conn.recv(65536)
            if not piece:
                break
            request += piece
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError as error:
        print("lost a client:", error)
    conn.close()
