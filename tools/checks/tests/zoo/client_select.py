# Good at a terminal: select on the keyboard and the socket, with a buffered reader.
import codecs, select, socket, sys

server = socket.socket()
try:
    server.connect(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't connect: {error}")
decoder = codecs.getincrementaldecoder("utf-8")("replace")
inputs = [sys.stdin, server]
try:
    while True:
        ready, _, _ = select.select(inputs, [], [])
        if server in ready:
            piece = server.recv(4096)
            if not piece:
                print("the server has hung up")
                break
            text = decoder.decode(piece)
            print("".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text), end="", flush=True)
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                inputs = [server]
                server.shutdown(socket.SHUT_WR)
            elif line == "exit\n":
                break
            elif line != "\n":
                server.sendall(line.encode())
except OSError as error:
    print("the connection broke:", error)
