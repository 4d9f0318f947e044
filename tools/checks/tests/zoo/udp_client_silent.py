# Faulty: when no answer comes, it ends without a word. Its prompt is all there is on the screen.
import socket, sys
print("Temperatures, as you like them")
try:
    celsius = input("Celsius: ") or input("Celsius: ")
except EOFError:
    sys.exit(0)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.connect(("127.0.0.1", int(sys.argv[1])))
    for wait in 1, 2, 3:
        try:
            client.settimeout(wait)
            client.send(celsius.encode())
            print(ascii(client.recv(65535).decode(errors="replace")))
            break
        except TimeoutError:
            continue
        except ConnectionRefusedError:
            break
