# Good: it speaks to its user in GBK, as on Chinese Windows; what the server says comes out as it came.
import socket, sys, threading

out = sys.stdout.buffer

def say(words):
    out.write(words.encode("gbk") + b"\n")
    out.flush()

def show():
    try:
        while piece := server.recv(1024):
            out.write(bytes(byte if byte >= 32 or byte == 10 else 63 for byte in piece))
            out.flush()
        say("断开")
    except OSError:
        say("断开")

try:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except OSError:
    say("失败")
    sys.exit(1)
say("请输入：")
receiving = threading.Thread(target=show, daemon=True)
receiving.start()
while (line := sys.stdin.readline()) not in ("", "exit\n"):
    try:
        server.sendall(line.encode())
    except OSError:
        say("断开")
        break
else:
    if not line:
        server.shutdown(socket.SHUT_WR)
        receiving.join(5)
