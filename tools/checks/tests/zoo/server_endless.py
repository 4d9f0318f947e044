# Faulty: one client after the other, and it takes the end of the stream for more to come.
import socket, sys
web = socket.socket()
web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    web.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
web.listen(128)
while True:
    conn, _ = web.accept()
    request = b""
    try:
        while b"\r\n\r\n" not in request:
            request += conn.recv(1024)
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError as error:
        print("lost a client:", error)
    conn.close()
