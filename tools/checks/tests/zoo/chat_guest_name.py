# Faulty: says its name before each message, so nobody understands its byebye. Else as
# chat_guest_daemon_thread.py.
import socket, sys, threading

host = socket.socket()
try:
    host.connect(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")

def keyboard():
    try:
        while True:
            line = input("> ")
            if line:
                host.sendall(b"Li: " + line.encode() + b"\n")
            if line == "byebye":
                break
    except EOFError:
        pass
    except OSError:
        return
    host.shutdown(socket.SHUT_WR)

def show(message):
    text = message.decode(errors="replace").rstrip("\r")
    if text:
        print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text))
    if text == "byebye":
        sys.exit(0)

threading.Thread(target=keyboard, daemon=True).start()
unread, lines = b"", False
while True:
    host.settimeout(0.2 if unread and not lines else None)
    try:
        piece = host.recv(4096)
    except TimeoutError:
        message, unread = unread, b""
        show(message)
        continue
    except OSError as error:
        sys.exit(f"the connection broke: {error}")
    if not piece:
        show(unread)
        print("the host has left")
        break
    unread += piece
    while b"\n" in unread:
        lines = True
        message, unread = unread.split(b"\n", 1)
        show(message)
