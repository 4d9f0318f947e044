# Good: waits 5 s for each answer, three times. An empty line ends it.
import socket, sys

while True:
    try:
        celsius = input("Celsius (Enter to quit): ").strip()
    except EOFError:
        break
    if not celsius:
        break
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", int(sys.argv[1])))
        client.settimeout(5)
        for _ in range(3):
            try:
                client.send(celsius.encode())
                print(ascii(client.recv(65535).decode(errors="replace")))
                break
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                print("nobody is there")
                break
        else:
            print("no answer has come")
