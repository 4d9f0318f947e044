# Faulty: it asks again and again, and the end of the input ends it with a stack trace.
import socket, sys
while True:
    celsius = input("Celsius: ")
    if not celsius.strip():
        print("Type a number.")
        continue
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", int(sys.argv[1])))
        for _ in range(3):
            try:
                client.send(celsius.encode())
                print(ascii(client.recv(65535).decode(errors="replace")))
                break
            except TimeoutError:
                print("no answer yet")
            except OSError as error:
                print("error:", error)
                break
        else:
            print("The server doesn't answer.")
