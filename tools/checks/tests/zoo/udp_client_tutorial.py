# The tutorial's.
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
data = input("Celsius: ")
s.sendto(data.encode(), ("127.0.0.1", int(sys.argv[1])))
print(s.recv(1024).decode())
s.close()
