# Asks forever: only the end of the input ends it.
import socket, sys, threading

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.connect(("127.0.0.1", int(sys.argv[1])))
server.settimeout(1)

def ask(celsius):
    while True:
        try:
            server.send(celsius.encode())
            print(ascii(server.recv(65535).decode(errors="replace")), flush=True)
            return
        except TimeoutError:
            print("no answer yet", flush=True)
        except OSError as error:
            print("can't ask:", error, flush=True)
            return

for line in sys.stdin:
    threading.Thread(target=ask, args=(line.strip(),), daemon=True).start()
