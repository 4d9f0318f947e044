# The tutorial's.
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(("127.0.0.1", int(sys.argv[1])))
while True:
    send_data = input("> ")
    if send_data == "exit":
        break
    s.send(send_data.encode())
    print("received:", s.recv(1024).decode())
s.close()
