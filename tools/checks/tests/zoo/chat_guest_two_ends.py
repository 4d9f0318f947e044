# Faulty: adds a line end to a line that has one. Else as chat_guest_daemon_thread.py.
import os
with open(os.path.join(os.path.dirname(__file__), "chat_guest_daemon_thread.py")) as other:
    source = other.read()
source = source.replace('line.encode() + b"\\n"', 'line.encode() + b"\\n\\n"')
exec(source)
