# Good, and the leader of its process group, to end all its workers at once. It tells its user so at
# the terminal, wherever its output goes.
import os, sys
os.setpgrp()
print("Ctrl-C ends this server", file=open("/dev/tty", "w"))
exec(open(os.path.join(os.path.dirname(__file__), "server_threads.py")).read())
