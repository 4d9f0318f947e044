# Good, but no two of it run in one folder. readline makes the terminal raw for each line.
import atexit, os, readline, signal, socket, sys
try:
    os.close(os.open("client.pid", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    sys.exit("another one runs here")
atexit.register(os.remove, "client.pid")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
exec(open(os.path.join(os.path.dirname(__file__), "udp_client_patient.py")).read())
