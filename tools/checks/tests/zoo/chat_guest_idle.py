# Faulty: doesn't know byebye, and leaves when the host has said nothing for 5 s. Else as
# chat_guest_daemon_thread.py.
import os
with open(os.path.join(os.path.dirname(__file__), "chat_guest_daemon_thread.py")) as other:
    source = other.read()
source = source.replace("else None)", "else 5)").replace('text == "byebye"', "False")
source = source.replace("except TimeoutError:", "except TimeoutError:\n        if not unread: break")
exec(source)
