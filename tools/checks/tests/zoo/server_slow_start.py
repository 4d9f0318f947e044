# Good, but it needs two seconds of a processor to start.
import os, time
while time.process_time() < 2:
    pass
exec(open(os.path.join(os.path.dirname(__file__), "server_threads.py")).read())
