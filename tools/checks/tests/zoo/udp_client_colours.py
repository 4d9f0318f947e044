# Faulty: when no answer comes, it ends without a word. Before each try it says so, in colour.
import socket, sys
print("request", hex(id(socket)), "by", socket)
while True:
    try:
        celsius = input("\x1b[1mCelsius:\x1b[0m ")
    except EOFError:
        break
    if not celsius:
        continue
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", int(sys.argv[1])))
        client.settimeout(2)
        for _ in range(3):
            print("\x1b[33masking...\x1b[0m", end="\r", flush=True)
            try:
                client.send(celsius.encode())
                print(ascii(client.recv(65535).decode(errors="replace")))
                break
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                break
