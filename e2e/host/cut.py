"""cut.py STATE MILLISECONDS -- COMMAND   runs COMMAND and kills it (SIGKILL) that long after it changed the file STATE for the second time

The first change of a run only takes up what an earlier one left. Ends with 0 when the command ended by itself with 0 or 4 (it is
done), with 1 when it was killed or ended otherwise.
"""
import os
import signal
import subprocess
import sys
import time

CHANGES = 2


def version(path):
    try:
        found = os.stat(path)
        return found.st_ino, found.st_mtime_ns
    except OSError:
        return None


state, wait, command = sys.argv[1], int(sys.argv[2]) / 1000, sys.argv[4:]
last, changes = version(state), 0
process = subprocess.Popen(command, start_new_session=True)
while process.poll() is None:
    now = version(state)
    if now != last:
        last, changes = now, changes + 1
        if changes == CHANGES:
            time.sleep(wait)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            sys.exit(1)
    time.sleep(0.002)
sys.exit(process.returncode not in (0, 4))
