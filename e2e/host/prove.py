"""prove.py STATE [--expect new|old|either] [--brief] [--no-chat] [--credentials]   proves from outside what a rotation on hosts did

STATE is the directory that rig.sh filled before: hosts.json (their PID 1, where the database is), before.json (the keys of then),
file-NAME (the environment file of each host, byte by byte), snapshot.json (what the database said), and what was seen during the
rotation: output*.txt, processes*.jsonl. Each check is one line, "ok" or "FAIL"; the last line is `N passed, N failed`, and the exit
code is 0 only if none failed. Nothing here uses code of keyrotation.

--expect  which keys must be in use. either: new ones or the old ones, but the same everywhere, and if the old ones, the files must
          be byte by byte what they were
--brief   prints the failures and one line
--no-chat do not ask for chat completions, which the stand-in has none of
--credentials  the keys are in /etc/litellm/master.key, with a line end, and salt.key, without one; not in the environment file
"""
import argparse
import glob
import hashlib
import json
import os
import re
import stat
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))  # last: it has a prove.py too
from hosts import FILE, MASTER, MIRRORS, SALT, Host, forms, variables
from snapshots import compared

UNITS = re.compile(r"/(litellm|provider|postgres)\.service")
passed = failed = 0


def check(what, problem=None):
    global passed, failed
    if problem:
        failed += 1
        print(f"  FAIL  {what}: {problem}", flush=True)
    else:
        passed += 1
        if not options.brief:
            print(f"  ok    {what}", flush=True)


def title(text):
    if not options.brief:
        print(text, flush=True)


def environment_file(state, host, hosts, before):
    """Master and salt key in the file, or None when it is neither the old file nor the old file with new keys."""
    title(f"The environment file of {host.name}")
    path = host.root + FILE
    with open(path, newline="") as file:
        now = file.read()
    with open(os.path.join(state, f"file-{host.name}"), newline="") as file:
        then = file.read()
    owner = "{0.st_uid}:{0.st_gid} {1:o}".format(os.stat(path), stat.S_IMODE(os.stat(path).st_mode))
    check("owner and mode are what they were", None if owner == hosts["owner"] else f"{owner}, not {hosts['owner']}")
    values = variables(now)
    if now == then:
        check("the file is byte by byte what it was")
        return before["master"], before["salt"]
    master, salt = values.get(MASTER, ""), values.get(SALT, "")
    check("every byte but the keys is what it was",
          None if now.replace(master, before["master"]).replace(salt, before["salt"]) == then else "something else was changed")
    for name, value in ((MASTER, master), (SALT, salt)):
        check(f"{name} is sk- and 32 random bytes", None if re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", value) else "it has another form")
    for name in MIRRORS:
        check(f"{name} is the same as the master key", None if values.get(name) == master else "it is another")
    return master, salt


def credential_files(host, before):
    title(f"The files with one key each of {host.name}")
    keys = []
    for name, end in (("master", "\n"), ("salt", "")):
        path = f"{host.root}/etc/litellm/{name}.key"
        with open(path, newline="") as file:
            now = file.read()
        found = "{0.st_uid}:{0.st_gid} {1:o}".format(os.stat(path), stat.S_IMODE(os.stat(path).st_mode))
        check(f"owner and mode of {name}.key are what they were", None if found == "0:0 400" else found)
        key = now.strip()
        check(f"{name}.key holds the key and what was behind it", None if now == key + end else "it holds something else")
        check(f"the {name} key is the old one or sk- and 32 random bytes",
              None if key == before[name] or re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", key) else "it has another form")
        keys.append(key)
    return tuple(keys)


def requests(host, before, master):
    title(f"Requests to LiteLLM on {host.name}")
    active = host.run("systemctl", "is-active", "litellm.service").stdout.strip()
    check("litellm.service is active", None if active == "active" else active)
    other = before["master"] if master != before["master"] else "sk-there-is-no-new-key"
    done = host.ask("probe.py", "requests", questions={
        "pods": {host.name: "127.0.0.1"}, "old": other, "new": master, "virtual_key": before["virtual_key"],
        "models": {} if options.no_chat else before["models"]})
    for line in done.stdout.splitlines():
        verdict, what = line.split(None, 1)
        name, _, problem = what.rpartition(": ") if verdict == "FAIL" else (what, "", None)
        check(name or what, problem)
    if not done.stdout:
        check("requests could be sent", done.stderr.strip()[-500:] or "no answer")


def ciphertexts(state, host, before, salt):
    title("Every text and JSON column of the database, judged by LiteLLM's own functions")
    changed = salt != before["salt"]
    done = host.ask("oracle.py", "count", "--expect", "new" if changed else "old",
                    questions={"salt": before["salt"], "new_salt": salt if changed else "sk-there-is-no-new-key"})
    if done.returncode or not options.brief:
        print("\n".join("        " + line for line in done.stdout.splitlines()))
    check("all encrypted values open under the salt key of the file, none under another",
          None if done.returncode == 0 else (done.stderr.strip()[-500:] or "see the table"))
    with open(os.path.join(state, "snapshot.json")) as file:
        earlier = json.load(file)
    done = host.ask("oracle.py", "snapshot", questions={"salt": salt})
    if done.returncode:
        check("the contents can be compared", done.stderr.strip()[-500:])
        return
    now = json.loads(done.stdout)
    check(*compared(earlier, now))


def texts(state, hosts):
    """Places where no key may be, and what is there."""
    for file in sorted(glob.glob(os.path.join(state, "output*.txt"))):
        with open(file) as text:
            yield "what the command printed", text.read()
    for file in glob.glob(os.path.join(state, "processes*.jsonl")):
        with open(file) as lines:
            seen = [json.loads(line) for line in lines if line.endswith("\n")]
        # LiteLLM itself starts `prisma migrate diff --from-url` with the URL of its database.
        yield "arguments of all processes", "\n".join(
            re.sub(r"postgresql://[^\s\0]+", "", process["arguments"]) if UNITS.search(process["group"]) else process["arguments"]
            for process in seen)
        yield "environment of all processes but LiteLLM's", "\n".join(
            process["environment"] for process in seen if not UNITS.search(process["group"]))
    for host in hosts:
        yield f"journal of {host.name}", host.run("journalctl", "--no-pager", "--output=export").stdout
        # Whatever was written there and is open to others; its systemd sees these directories alone.
        found = host.run("find", "/etc", "/home", "/root", "/run", "/tmp", "/var/lib", "/var/tmp", "/var/log", "-type", "f",
                         "-perm", "/077", "-newer", "/etc/hostname", "-not", "-path", "/var/log/journal/*", "-size", "-1M", "-print0")
        names = [name for name in found.stdout.split("\0") if name]
        yield f"{len(names)} files of {host.name} that others may read", "\n".join(
            [*names, *(contents(host.root + name) for name in names)])


def audit(path):
    """Each line of the audit carries the hash of the one before it, and its own."""
    title("The audit")
    lines = contents(path).splitlines()
    if not lines:
        return
    previous, broken = "0" * 64, None
    for number, line in enumerate(lines, 1):
        body, _, rest = line.rpartition(',"hash":')
        if hashlib.sha256(body.encode()).hexdigest() != rest[1:-2] or json.loads(line)["previous"] != previous:
            broken = broken or f"line {number} does not fit"
        previous = rest[1:-2]
    check(f"the chain of its {len(lines)} lines is unbroken", broken)


def contents(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def leaks(state, hosts, command_host, state_directory, before, master, salt):
    title("Places where no key may be")
    secrets = {"old master key": before["master"], "new master key": master, "old salt key": before["salt"],
               "new salt key": salt, "database password": before["password"],
               **{f"provider key {name}": key for name, key in before["provider"].items()}}
    places = list(texts(state, hosts))
    for directory, folders, files in os.walk(command_host + state_directory):
        # The kept keys themselves; nobody else may enter.
        if "keys" in folders:
            folders.remove("keys")
        for name in files:
            places.append((f"{name} in the state directory", contents(os.path.join(directory, name))))
    for place, text in places:
        found = sorted({what for what, secret in secrets.items() for form in forms(secret) if form in text})
        if text:
            check(f"{place}: {len(text)} characters, no key", f"found: {', '.join(found)}" if found else None)
    open_to_others = [
        os.path.join(directory, name)
        for directory, folders, files in os.walk(command_host + state_directory) for name in [".", *folders, *files]
        if stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode) & 0o077]
    check("the state directory is closed to others", f"open: {open_to_others}" if open_to_others else None)


def main():
    with open(os.path.join(options.state, "before.json")) as file:
        before = json.load(file)
    with open(os.path.join(options.state, "hosts.json")) as file:
        where = json.load(file)
    hosts = [Host(name, pid) for name, pid in where["pids"].items()]
    database = next(host for host in hosts if host.name == where["database"])
    found = {credential_files(host, before) if options.credentials else environment_file(options.state, host, where, before)
             for host in hosts}
    check("all hosts have the same keys", None if len(found) == 1 else "they differ")
    master, salt = found.pop()
    in_use = "old" if (master, salt) == (before["master"], before["salt"]) else "new"
    if in_use == "new":
        check("both keys are new", None if master != before["master"] and salt != before["salt"] else "one is the old one")
    check(f"{options.expect} keys are in use", None if options.expect in (in_use, "either") else f"it is the {in_use} ones")
    for host in hosts:
        requests(host, before, master)
    ciphertexts(options.state, database, before, salt)
    audit(where["command_root"] + where["state_directory"] + "/audit.jsonl")
    leaks(options.state, hosts, where["command_root"], where["state_directory"], before, master, salt)
    with open(os.path.join(options.state, "in-use"), "w") as file:
        file.write(in_use)
    if options.brief and not failed:
        print(f"        exactly the {in_use} keys: {passed} checks")
    else:
        print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("--expect", choices=["new", "old", "either"], default="new")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--no-chat", action="store_true")
    parser.add_argument("--credentials", action="store_true")
    options = parser.parse_args()
    main()
