# Good: one thread, the selectors module.
import selectors, socket, sys, time

ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello World"
LIMIT = 5
selector = selectors.DefaultSelector()
clients = {}  # socket: [bytes, deadline, answered]

def end(client):
    selector.unregister(client)
    clients.pop(client)
    client.close()

def read(client):
    state = clients[client]
    try:
        piece = client.recv(4096)
        if state[2]:
            if not piece:
                end(client)
            return
        state[0] += piece
        if not piece or b"\r\n\r\n" in state[0] or len(state[0]) > 16384:
            client.sendall(ANSWER)  # It is short: the socket takes it at once.
            client.shutdown(socket.SHUT_WR)
            state[2] = True
    except OSError as error:
        print("lost a client:", error)
        end(client)

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"can't listen: {error}")
listener.listen(128)
listener.setblocking(False)
selector.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in selector.select(1):
        if key.fileobj is listener:
            client, address = listener.accept()
            client.setblocking(False)
            clients[client] = [b"", time.monotonic() + LIMIT, False]
            selector.register(client, selectors.EVENT_READ)
        else:
            read(key.fileobj)
    now = time.monotonic()
    for client in [client for client, state in clients.items() if state[1] < now]:
        end(client)
