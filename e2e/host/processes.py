"""processes.py FILE   writes what each process of the machine shows to others, until it is ended: its arguments and its environment

What a process was started with can be read by others for as long as it lives. Looks some ten times a second and writes one JSON
object a line: {"arguments", "environment", "group"}, the last its cgroup, which names its unit. prove.py searches it for keys.
"""
import json
import os
import sys
import time

PAUSE = 0.05  # seconds


def read(process, what):
    with open(f"/proc/{process}/{what}", "rb") as file:
        return file.read().replace(b"\0", b" ").decode(errors="replace").strip()


def main():
    seen = set()
    with open(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        while True:
            for process in filter(str.isdigit, os.listdir("/proc")):
                try:
                    arguments = read(process, "cmdline")
                    # A process may become another program; its number stays.
                    if not arguments or (process, arguments) in seen:
                        continue
                    seen.add((process, arguments))
                    json.dump({"arguments": arguments, "environment": read(process, "environ"), "group": read(process, "cgroup")}, out)
                    out.write("\n")
                    out.flush()
                except OSError:
                    continue    # it has ended meanwhile
            time.sleep(PAUSE)


if __name__ == "__main__":
    main()
