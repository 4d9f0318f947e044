# Finds the number in the answer, and shows it with one decimal.
import re, socket, sys
for line in sys.stdin:
    try:
        celsius = float(line)
    except ValueError:
        print("no number")
        continue
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.settimeout(1.5)
        server.connect(("127.0.0.1", int(sys.argv[1])))
        found = None
        for _ in range(3):
            try:
                server.send(str(celsius).encode())
                found = re.search(r"-?\d+(\.\d+)?", server.recv(4096).decode(errors="replace"))
                break
            except socket.timeout:
                pass
            except OSError as error:
                print("no server:", error)
                break
    print(f"{celsius:.1f} C = {float(found[0]):.1f} F" if found else "no number came")
