# Faulty: a spinner and the name of the session are all it ever says of itself.
import codecs, itertools, os, socket, sys, threading, time, uuid

print("session", uuid.uuid4())
try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError:
    sys.exit(1)

def show():
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while piece := server.recv(4096):
            text = decoder.decode(piece)
            print("".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text), end="", flush=True)
    except OSError:
        pass

def spin():
    for second, sign in enumerate(itertools.cycle("|/-\\")):
        print(f"\r{sign} {second // 4 + 1} second{'s' if second > 3 else ''} online", end="\r", flush=True)
        time.sleep(0.25)

for task in show, spin:
    threading.Thread(target=task, daemon=True).start()
for line in sys.stdin:
    if line == "exit\n":
        break
    try:
        server.sendall(line.encode())
    except OSError:
        pass
else:
    try:
        server.shutdown(socket.SHUT_WR)
        time.sleep(3)
    except OSError:
        pass
sys.stdout.flush()
os._exit(0)
