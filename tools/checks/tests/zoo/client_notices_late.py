# Its receiving thread ends in silence, but it says that the server has gone when a line can't be sent.
import codecs, socket, sys, threading

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"Nobody is there: {error}")

def show():
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while piece := server.recv(4096):
            text = decoder.decode(piece)
            print("".join(c if c == "\n" or c.isprintable() else "?" for c in text), end="", flush=True)
    except OSError:
        pass

threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    if line == "exit\n":
        break
    try:
        server.sendall(line.encode())
    except OSError as error:
        print("The server has gone:", error)
        break
server.close()
