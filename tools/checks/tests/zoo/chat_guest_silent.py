# Faulty: says "Connecting" and nothing else if nobody is there, and takes the host's end for an
# empty message, and its reset, too. Else as chat_guest_daemon_thread.py.
import os
with open(os.path.join(os.path.dirname(__file__), "chat_guest_daemon_thread.py")) as other:
    source = other.read()
source = source.replace("try:\n    host", "print('Connecting', end=' ... ', flush=True)\ntry:\n    host", 1)
source = source.replace('''sys.exit(f"can't connect: {error}")''', "sys.exit(1)\nprint('done')")
source = source.replace('''sys.exit(f"the connection broke: {error}")''', 'piece = b""')
source = source.replace("    if text:\n        print(", "    if True:\n        print('Host:', ")
source = source.replace('        print("the host has left")\n', "")
exec(source)
