"""damage.py STATE PID   counts what the old runbook left of the data on a host of the rig: how many values LiteLLM can still read

STATE holds before.json, the keys before the runbook; PID is the first process of the host.
"""
import json
import os
import re
import sys

from hosts import FILE, SALT, MASTER, Host, variables

state, pid = sys.argv[1:]
host = Host("copy", int(pid))
with open(os.path.join(state, "before.json")) as file:
    before = json.load(file)
with open(host.root + FILE) as file:
    now = variables(file.read())
counted = host.ask("oracle.py", "count", questions={"salt": before["salt"], "new_salt": now[SALT]})
if counted.returncode:
    sys.exit(counted.stderr)
new, old, neither = map(int, counted.stdout.splitlines()[-1].split()[1:])
print(f"  {new} of {new + old + neither} stored values can be read; {old} open under the old salt key alone, which is in a backup file now")
asked = host.ask("probe.py", "requests", questions={
    "pods": {"the proxy": "127.0.0.1"}, "old": before["master"], "new": now[MASTER], "virtual_key": before["virtual_key"],
    "models": before["models"]})
for line in asked.stdout.splitlines():
    found = re.match(r"FAIL  the proxy: chat through model (\S+) .*?: (\d+ .*)", line)
    if found:
        print(f"  chat with model {found[1]}: {found[2][:90]}")
