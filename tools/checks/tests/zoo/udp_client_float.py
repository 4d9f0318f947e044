# Good: converts what is typed to a number first, so 100 is sent as 100.0.
import socket, sys
while True:
    try:
        celsius = float(input("Celsius: "))
    except EOFError:
        break
    except ValueError:
        print("that is no number")
        continue
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", int(sys.argv[1])))
        try:
            for wait in 1, 2, 3:
                client.settimeout(wait)
                client.send(str(celsius).encode())
                try:
                    print(ascii(client.recv(65535).decode(errors="replace")))
                    break
                except TimeoutError:
                    continue
            else:
                print("no answer has come")
        except ConnectionRefusedError:
            print("nobody is there")
