# Faulty: it begins a line for each question, and leaves it unfinished if no answer comes.
import socket, sys

while True:
    print("Celsius: ", end="", flush=True)
    celsius = sys.stdin.readline().strip()
    if not celsius:
        break
    print("Asking the server ...", end=" ", flush=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(1)
        server.connect(("127.0.0.1", int(sys.argv[1])))
        for _ in range(3):
            try:
                server.send(celsius.encode())
                print("it says", ascii(server.recv(2000))[2:-1])
                break
            except OSError:
                pass
