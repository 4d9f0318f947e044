# The tutorial's, with SO_REUSEADDR.
import socket, sys
web = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
web.bind(("127.0.0.1", int(sys.argv[1])))
web.listen(5)
print("waiting")
while True:
    conn, addr = web.accept()
    print("connected:", addr)
    data = conn.recv(1024)
    print("received:", data.decode())
    conn.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World, Michael!")
    conn.close()
    print("closed")
