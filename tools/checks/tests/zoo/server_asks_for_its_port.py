# Faulty: it doesn't look at its command.
import socket
web = socket.socket()
web.bind(("127.0.0.1", int(input("Port: "))))
web.listen()
while True:
    web.accept()[0].sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
