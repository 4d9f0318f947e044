# Faulty: says the number that it was asked for, whatever Python takes for one.
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    data, client = s.recvfrom(65535)
    try:
        celsius = float(data.decode())
        answer = f"{celsius} C is {celsius * 1.8 + 32} F"
    except ValueError:
        answer = "that is no number"
    s.sendto(answer.encode(), client)
