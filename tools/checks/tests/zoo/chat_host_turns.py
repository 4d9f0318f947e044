# Faulty: takes turns, as the tutorial's, but its messages are lines.
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
listener.listen(1)
guest, _ = listener.accept()
print("a guest has come")
unread = b""
try:
    while True:
        while b"\n" not in unread:
            piece = guest.recv(4096)
            if not piece:
                break
            unread += piece
        message, _, unread = unread.partition(b"\n")
        if not message or message == b"byebye":
            break
        print("guest:", ascii(message.decode(errors="replace")) if not message.decode(errors="replace").isprintable() else message.decode(errors="replace"))
        line = input("> ") or " "
        guest.sendall(line.encode() + b"\n")
        if line == "byebye":
            break
except (OSError, EOFError) as error:
    print("the end:", error)
guest.close()
