# Good: a thread prints what comes, and the main thread sends what is typed.
import codecs, socket, sys, threading

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")
done = threading.Event()

def show():
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while piece := server.recv(4096):
            text = decoder.decode(piece)
            print("".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text), end="", flush=True)
        print("the server has hung up")
    except OSError as error:
        print("the connection broke:", error)
    done.set()

threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    if done.is_set() or line == "exit\n":
        break
    try:
        server.sendall(line.encode())
    except OSError as error:
        print("can't send:", error)
        break
else:
    try:
        server.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    done.wait(5)
