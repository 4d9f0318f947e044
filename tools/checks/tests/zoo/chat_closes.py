# Closes the connection while its other thread receives from it, which ends nothing. host or guest
import os, socket, sys, threading

side, port = sys.argv[1], int(sys.argv[2])
try:
    if side == "guest":
        peer = socket.create_connection(("127.0.0.1", port))
    else:
        peer, _ = socket.create_server(("127.0.0.1", port)).accept()
except OSError as error:
    sys.exit(f"can't chat: {error}")

def receive():
    text = b""
    try:
        while piece := peer.recv(4096):
            *lines, text = (text + piece).split(b"\n")
            for line in lines:
                if line == b"byebye":
                    os._exit(0)
                print(ascii(line.decode("utf-8", "replace"))[1:-1] if b"\x1b" in line else line.decode("utf-8", "replace"), flush=True)
    except OSError:
        pass
    print("the other side has gone", flush=True)
    os._exit(0)

receiver = threading.Thread(target=receive)
receiver.start()
for line in sys.stdin:
    if line == "byebye\n":
        peer.sendall(b"byebye")
        peer.close()
        break
    if line != "\n":
        peer.sendall(line.encode())
receiver.join()
