# Faulty: it sends the str of its bytes, b'...'.
import codecs, os, socket, sys, threading

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")

def show():
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while piece := server.recv(4096):
            text = decoder.decode(piece)
            print("".join(c if c == "\n" or c.isprintable() else "?" for c in text), end="", flush=True)
        print("the server has hung up", flush=True)
    except OSError as error:
        print("the connection broke:", error, flush=True)
    os._exit(0)

threading.Thread(target=show, daemon=True).start()
try:
    for line in sys.stdin:
        if line == "exit\n":
            os._exit(0)
        server.sendall(str(line.rstrip("\n").encode()).encode() + b"\n")
    server.shutdown(socket.SHUT_WR)
    threading.Event().wait(5)
except OSError as error:
    print("can't send:", error)
