"""cut.py STATE MILLISECONDS -- COMMAND   runs COMMAND and kills it (SIGKILL) that long after it changed the rotation in the file STATE

Only the rotation's own record counts: that a process takes up what an earlier one left is a change of the state too, and a command
that was killed there each time would never get on. Ends with 0 when the command ended by itself with 0 or 4 (it is done), with 1 when
it was killed or ended otherwise.
"""
import json
import os
import signal
import subprocess
import sys
import time


def version(path):
    try:
        found = os.stat(path)
        return found.st_ino, found.st_mtime_ns
    except OSError:
        return None


def rotation(path):
    """The record of the rotation under way, or of the last one; it is replaced as a whole, so it can always be read."""
    try:
        with open(path) as file:
            status = json.load(file).get("status") or {}
    except OSError:
        return None
    return status.get("rotation"), status.get("history")


state, wait, command = sys.argv[1], int(sys.argv[2]) / 1000, sys.argv[4:]
last, before = version(state), rotation(state)
process = subprocess.Popen(command, start_new_session=True)
while process.poll() is None:
    now = version(state)
    if now != last:
        last = now
        if rotation(state) != before:
            time.sleep(wait)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            sys.exit(1)
    time.sleep(0.002)
sys.exit(process.returncode not in (0, 4))
