# Faulty: it says goodbye however it ends, and nothing else if nobody listens.
import socket, sys, threading

def show():
    try:
        while piece := server.recv(1024):
            print(piece, flush=True)
        print("the server has gone")
    except OSError as error:
        print("the connection broke:", error)

server = socket.socket()
try:
    server.connect(("127.0.0.1", int(sys.argv[1])))
    receiving = threading.Thread(target=show, daemon=True)
    receiving.start()
    for line in sys.stdin:
        if line == "exit\n":
            sys.exit()
        server.sendall(line.encode())
    server.shutdown(socket.SHUT_WR)
    receiving.join(5)
except OSError:
    pass
finally:
    print("Bye!")
