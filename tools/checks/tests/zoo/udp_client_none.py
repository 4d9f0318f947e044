# Faulty: it prints None if no answer has come.
import socket, sys

def ask(celsius):
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", int(sys.argv[1])))
        client.settimeout(2)
        for _ in range(3):
            try:
                client.send(celsius.encode())
                return ascii(client.recv(65535).decode(errors="replace"))
            except OSError:
                pass

while True:
    try:
        celsius = input("Celsius: ").strip()
    except EOFError:
        break
    if celsius:
        print("Fahrenheit:", ask(celsius))
