# Good: the lines of its head end with LF alone, which browsers accept.
import os
program = open(os.path.join(os.path.dirname(__file__), "server_threads.py")).read()
head, rest = program.split("% len(BODY)")
exec(head.replace(r"\r\n", r"\n") + "% len(BODY)" + rest)
