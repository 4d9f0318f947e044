# Good: a thread accepts, one for each guest, and the main thread reads the keyboard. What is typed
# before anybody has come is said to nobody.
import os, socket, sys, threading, time

guests = []

def say(text):
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text))

def end():
    for guest in guests:
        try:
            guest.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    time.sleep(0.3)
    os._exit(0)

def heard(message):
    text = message.decode(errors="replace").strip("\r\n")
    if text:
        say("guest: " + text)
    return text == "byebye"

def serve(guest):
    unread, lines = b"", False
    try:
        while True:
            guest.settimeout(0.2 if unread and not lines else None)
            try:
                piece = guest.recv(4096)
            except TimeoutError:
                message, unread = unread, b""
                if heard(message):
                    return
                continue
            if not piece:
                heard(unread)
                return
            unread += piece
            while b"\n" in unread:
                lines = True
                message, unread = unread.split(b"\n", 1)
                if heard(message):
                    return
    except OSError as error:
        say(f"lost a guest: {error}")
    finally:
        guests.remove(guest)
        guest.close()
        say("a guest has left")
        if not guests:
            end()

def accept(listener):
    while True:
        guest, _ = listener.accept()
        guests.append(guest)
        say("a guest has come")
        threading.Thread(target=serve, args=(guest,), daemon=True).start()

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
listener.listen(16)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
for line in sys.stdin:
    line = line.rstrip("\n")
    for guest in list(guests):
        if line:
            try:
                guest.sendall(line.encode() + b"\n")
            except OSError:
                pass
    if line == "byebye":
        end()
end()
