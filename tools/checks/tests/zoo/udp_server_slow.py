# Faulty: converts whatever float() takes, but only after a while.
import socket, sys, time
weather = socket.socket(type=socket.SOCK_DGRAM)
try:
    weather.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"no port: {error}")
while True:
    request, sender = weather.recvfrom(65535)
    time.sleep(0.7)
    try:
        answer = "%.2f" % (float(request) * 1.8 + 32)
    except (ValueError, OverflowError):
        answer = "no number"
    weather.sendto(answer.encode(), sender)
