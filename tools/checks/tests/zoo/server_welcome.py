# Says something first, answers each read, and its thread dies of what isn't UTF-8.
import socket, sys, threading

def serve(client):
    try:
        client.sendall(b"Welcome!\n")
        while data := client.recv(1024):
            print(ascii(data.decode()), flush=True)
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\nHello World")
    except OSError as error:
        print("a client has gone:", error)
    client.close()

try:
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
except OSError as error:
    sys.exit(f"can't listen: {error}")
clients = []
while True:
    client, _ = server.accept()
    # So that none is closed when its thread ends.
    clients.append(client)
    threading.Thread(target=serve, args=(client,), daemon=True).start()
