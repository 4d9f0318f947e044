# Good: says that the server has hung up, and stays at its prompt until the user leaves.
import codecs, socket, sys, threading

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")

def show():
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while piece := server.recv(1024):
            text = decoder.decode(piece)
            print("".join(c if c == "\n" or c.isprintable() else "?" for c in text), end="", flush=True)
        print("\nThe server has hung up. Type exit to leave.")
    except OSError as error:
        print("\nThe connection broke:", error)

receiving = threading.Thread(target=show, daemon=True)
receiving.start()
while True:
    try:
        line = input("> ")
    except EOFError:
        server.shutdown(socket.SHUT_WR)
        receiving.join(5)
        break
    if line == "exit":
        break
    try:
        server.sendall(line.encode() + b"\n")
    except OSError as error:
        print("can't send:", error)
