# Faulty: it goes into the background, where nobody sees it, with no environment and no open file.
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
nothing = os.open("/dev/null", os.O_RDWR)
for stream in 0, 1, 2:
    os.dup2(nothing, stream)
server = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server_threads.py")
os.execve(sys.executable, [sys.executable, server, sys.argv[1]], {})
