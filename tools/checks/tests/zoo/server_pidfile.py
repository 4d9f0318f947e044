# Good, but no two of it run in one folder, and it tidies up when it is asked to end.
import atexit, os, signal, sys
try:
    os.close(os.open("server.pid", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    sys.exit("another one runs here")
atexit.register(os.remove, "server.pid")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
exec(open(os.path.join(os.path.dirname(__file__), "server_threads.py")).read())
