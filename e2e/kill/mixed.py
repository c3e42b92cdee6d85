"""mixed.py SETTINGS [--only PATTERN]   an operator in a cluster rotates a Deployment and a systemd unit on a host that share a database

Runs in the network of the rig's cluster (tests/mixed.sh starts it); the host is beside it, and the operator reaches it over SSH. Each
case must end exactly on the old or exactly on the new keys, on both sides. The last line is `N passed, N failed`.
"""
import fnmatch
import json
import os
import sys
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "host"))  # last: it has a standin.py too
from hosts import FILE, MIRRORS, Host, forms, variables  # noqa: E402
from interposers import ANSWERED, DELIVERED  # noqa: E402
from matrix import PATIENCE, Failure, KillEach, Run, at, leaks  # noqa: E402
from world import GROUP, MASTER, SALT, STAMP  # noqa: E402

UNIT = "litellm.service"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/50-keyrotation.conf"


class Mixed(Run):
    def __init__(self, settings):
        super().__init__(settings)
        about = settings["host"]
        self.host, self.address = Host("alpha", about["pid"]), about["address"]
        self.bytes = self.file()                     # as they were before the first rotation
        self.first = variables(self.bytes)
        self.owner = self.stat()

    # ---- the host ---------------------------------------------------------------------------------

    def workloads(self, host_key=None):
        about = self.settings["host"]
        return [{"deployment": {"name": "litellm"}}, {"systemdUnit": {
            "unit": UNIT, "environmentFile": FILE, "mirrors": MIRRORS,
            "host": {"address": self.address, "user": "ops", "sudo": True, "hostKeys": [host_key or about["hostKey"]],
                     "privateKeyFrom": {"secretKeyRef": {"name": "host-login", "key": "ssh-privatekey"}}}}}]

    def file(self):
        with open(self.host.root + FILE, newline="") as file:
            return file.read()

    def stat(self):
        found = os.stat(self.host.root + FILE)
        return found.st_uid, found.st_gid, found.st_mode

    def cable(self, state):
        if os.system(f"ip link set alpha {state}"):  # this process is in the network of the node
            raise Failure(f"the host's cable could not be set {state}")

    def trace(self):
        """What a rotation changes on the host. By content: what is done again after a kill is no new change."""
        found = []
        for path in (FILE, DROP_IN):
            try:
                with open(self.host.root + path) as file:
                    found.append(file.read())
            except OSError:
                found.append(None)
        return found

    # ---- the judgement ----------------------------------------------------------------------------

    def instances(self, case, target, other):
        super().instances(case, target, other)
        now, owner = self.file(), self.stat()
        values = variables(now)
        for name in (MASTER, SALT):
            if values.get(name) != target[name]:
                case.wrong(f"{name} in the host's file is not the right one")
        for name in MIRRORS:
            if values.get(name) != target[MASTER]:
                case.wrong(f"{name} in the host's file is not the master key")
        if owner != self.owner:
            case.wrong(f"the host's file has other owners or another mode: {owner}")
        back = now.replace(values.get(MASTER, ""), self.first[MASTER]).replace(values.get(SALT, ""), self.first[SALT])
        if back != self.bytes:
            case.wrong("the host's file differs from the first one in more than the keys")
        active = self.host.run("systemctl", "is-active", UNIT).stdout.strip()
        if active != "active":
            case.wrong(f"the unit is {active}")
        self.answers(case, UNIT, {"status": {"podIP": self.address}}, target, other)
        mark = self.cluster.deployment()["spec"]["template"]["metadata"].get("annotations", {}).get(STAMP)
        pid = self.host.run("systemctl", "show", "-p", "MainPID", "--value", UNIT).stdout.strip()
        with open(f"{self.host.root}/proc/{pid}/environ") as file:
            running = [v.partition("=")[2] for v in file.read().split("\0") if v.startswith("KEYROTATION_STAMP=")]
        if running != ([mark] if mark else []):
            case.wrong(f"the unit runs with the mark {running}, the pods with {mark}")

    def untouched(self):
        """What must be as it was when nothing is begun, by name."""
        return {"the keys' Secret": self.cluster.get("/api/v1/namespaces/ai/secrets/litellm-keys")["metadata"]["resourceVersion"],
                "the Deployment's specification": self.cluster.deployment()["spec"],
                "the host's file or drop-in": self.trace(),
                "what lies beside the file": sorted(os.listdir(self.host.root + os.path.dirname(FILE))),
                "the unit's process": self.host.run("systemctl", "show", "-p", "InvocationID", UNIT).stdout}


# ---- the cases ------------------------------------------------------------------------------------------


def other_host_key(case, run):
    """The host shows another key than the resource says: nothing is begun until the resource says the right one."""
    before = run.untouched()
    run.cluster.patch(f"{GROUP}/litellm", {"spec": {"workloads": run.workloads(run.settings["host"]["otherKey"])}})
    run.begin(case, strategy="Auto")

    def refused():
        return "a host key that host.hostKeys does not name" in json.dumps(run.status())
    run.until("a status that tells of the host key", refused, run.operator)
    if run.status().get("rotation"):
        case.wrong("a rotation was begun")
    for what, value in run.untouched().items():
        if before[what] != value:
            case.wrong(f"something was changed: {what}")
    run.cluster.patch(f"{GROUP}/litellm", {"spec": {"workloads": run.workloads()}})
    run.finish(case)
    case.did.append("another host key than the pinned one: refused; with the right one it went on")
    run.expect(case, "Succeeded", mode="Drain")


def rolled_back(case, run, old):
    case.facts["other"] = run.keys
    run.keys = dict(old)
    run.roll_back(case)
    run.finish(case)
    case.did.append("rolled back on request")
    run.expect(case, "RolledBack", mode="Drain")
    if run.file() != run.bytes:
        case.wrong("the host's file is not byte by byte what it was")


def unreachable(case, run):
    """The host is cut off between the Secret's change and its file's, for longer than the step may take: both go back."""
    at("publish", ANSWERED, lambda effect: run.cable("down"), run.operator)

    def noticed():
        """It waits and says so, or has turned already, as a call or a look met the cut first."""
        rotation = run.status().get("rotation") or {}
        return "HostUnreachable" in (rotation.get("stalled") or rotation.get("rollBackCause") or {"reason": ""})["reason"]
    try:
        run.begin(case, strategy="Auto", deadline="30s")
        run.until("a rotation that cannot reach the host", noticed, run.operator, 2 * PATIENCE)
    finally:
        run.cable("up")
    run.finish(case)
    case.did.append("the host cut off after the Secret was written, stepDeadline 30s; then it was back")
    run.expect(case, "RolledBack", mode="Drain", turned_back_in="PublishKeys")
    if run.file() != run.bytes:
        case.wrong("the host's file is not byte by byte what it was")


def killed(case, run):
    """The operator dies at writes to cluster and database, and right after each change on the host."""
    hook = run.operator.hook = KillEach(run.operator, DELIVERED, lambda e: e.kind in ("scale", "publish", "reencrypt", "stamp"))
    ended, seen = threading.Event(), []

    def watch():
        last = run.trace()
        while not ended.wait(0.02):
            now = run.trace()
            if now != last:
                seen.append(now)
                run.operator.kill()
            last = now
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run.begin(case, strategy="Auto")
        run.finish(case)
    finally:
        ended.set()
        watcher.join()
    case.did.append(f"killed at {len(hook.done)} writes, and after {len(seen)} changes on the host")
    if len(hook.done) < 4 or len(seen) < 2:
        case.wrong("the operator was killed too rarely")
    run.expect(case, "Succeeded", mode="Drain")


def host_leaks(case):
    """As leaks, and what can be read on the host."""
    leaks(case)
    run = case.run
    places = {"the journal": run.host.run("journalctl", "--no-pager", "--output=export").stdout,
              "the drop-in": run.host.run("cat", DROP_IN).stdout}
    for place, text in places.items():
        if not text:
            case.wrong(f"{place} could not be searched")
        if any(form in text for key in run.canaries for form in forms(key)):
            case.wrong(f"a key stands in {place} of the host")
    case.outcome = "none" if not case.problems else "WRONG"


def main():
    with open(sys.argv[1]) as file:
        settings = json.load(file)
    options = sys.argv[2:]
    run = Mixed(settings)
    began = time.monotonic()
    run.prepare()
    if "--only" in options:
        whole, pattern = run.case, options[options.index("--only") + 1]
        run.case = lambda name, body: whole(name, body) if fnmatch.fnmatch(name, pattern) else None
    try:
        old = dict(run.keys)
        run.case("another host key", lambda case: other_host_key(case, run))
        if run.keys != old:
            run.case("rolled back on request", lambda case: rolled_back(case, run, old))
        run.case("host unreachable in mid-rotation", lambda case: unreachable(case, run))
        run.case("operator killed in mid-rotation", lambda case: killed(case, run))
    except SystemExit as end:
        print(end)
    run.operator.kill()
    run.case("no key where none may be", host_leaks)
    failed = sum(bool(case.problems) for case in run.cases)
    print(f"{len(run.cases) - failed} passed, {failed} failed in {time.monotonic() - began:.0f} s", flush=True)
    os._exit(failed > 0)


if __name__ == "__main__":
    main()
