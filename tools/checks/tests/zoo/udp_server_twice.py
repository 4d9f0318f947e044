# Sends each answer twice, as datagrams get lost.
import math, socket, sys
weather = socket.socket(type=socket.SOCK_DGRAM)
try:
    weather.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    sys.exit(f"no port: {error}")
while True:
    request, sender = weather.recvfrom(65535)
    answer = "no temperature"
    try:
        celsius = float(request)
        fahrenheit = celsius * 1.8 + 32
        if math.isfinite(fahrenheit) and celsius >= -273.15:
            answer = f"{fahrenheit:.2f}"
    except ValueError:
        pass
    for _ in range(2):
        weather.sendto(answer.encode(), sender)
