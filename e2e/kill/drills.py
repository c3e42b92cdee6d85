"""drills.py SETTINGS [--only PATTERN]   runs the commands of docs/disaster-recovery.md after the disasters that they are for

In the rig of the kill matrix (tests/kill.sh starts it). Each drill breaks something, does what the page says with the page's own
commands, and judges the end as matrix.py does: by LiteLLM's own functions over all stored values, by what all rows say, by what each
pod answers. Every command of the page must have been run by some drill. The last line is `N passed, N failed`.
"""
import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

from interposers import BEFORE, Cut
from matrix import Failure, Run, at, leaks                  # finds what is in e2e/, too
import pages
from world import GROUP, MASTER, SALT, ask_pod

PROJECT = pathlib.Path(__file__).resolve().parents[2]
KEYS, DEPLOYMENT = "/api/v1/namespaces/ai/secrets/litellm-keys", "/apis/apps/v1/namespaces/ai/deployments/litellm"
OPERATOR = "/apis/apps/v1/namespaces/keyrotation-system/deployments/keyrotation"


class Page:
    """The commands of the page: under each heading, in their order."""

    def __init__(self, path, directory):
        self.directory, self.blocks, self.done = directory, {}, set()
        for block in pages.blocks(path.read_text()):
            if block.language in ("sh", "sql"):
                self.blocks.setdefault(block.heading, []).append(block.text)
        (directory / "deploy").symlink_to(PROJECT / "deploy")

    def text(self, heading, number=0):
        name = next(h for h in self.blocks if h.startswith(heading))
        self.done.add((name, number))
        return self.blocks[name][number]

    def run(self, heading, number=0, after="", **variables):
        """Runs a block as a person would, with variables that were set before; what it printed."""
        commands = self.text(heading, number) + after
        done = pages.run(commands, os.environ | variables, self.directory)
        if done.returncode:
            raise Failure(f"a command of the page failed: {commands}\n{done.stderr}")
        return done.stdout

    def left(self):
        return [f"{name}, {number + 1}" for name, blocks in self.blocks.items() for number in range(len(blocks))
                if (name, number) not in self.done]


class Drills(Run):
    def __init__(self, settings):
        super().__init__(settings)
        directory = pathlib.Path(settings["work"]) / "drills"
        subprocess.run(["rm", "-rf", directory], check=True)
        directory.mkdir(mode=0o700)
        self.page = Page(PROJECT / "docs" / "disaster-recovery.md", directory)

    # ---- what the page takes for granted --------------------------------------------------------------

    def operate(self, stop):
        """Scales the operator, as the page says. It is a process here, so the Deployment's number is only read."""
        self.page.run("Disaster recovery", 1 if stop else 2)
        if bool(self.cluster.get(OPERATOR)["spec"]["replicas"]) == stop:
            raise Failure("the command did not scale the operator")
        self.cluster.patch(OPERATOR, {"spec": {"replicas": 0}})
        if stop:
            self.operator.kill()

    def publish(self, revision=None):
        heading = "The Secret that LiteLLM reads is gone"
        if revision is None:
            revision = self.page.run(heading, 0, after='echo "$revision"').strip()
        self.page.run(heading, 1, revision=str(revision))

    def log_in(self):
        """A token of the operator's account as it is now."""
        self.operator.renew(self.cluster.call(
            "POST", "/api/v1/namespaces/keyrotation-system/serviceaccounts/keyrotation/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 36000}})["status"]["token"])

    def until_lost(self, what, lost):
        """Starts the operator and waits for a disaster that is made at one of its writes; it is not started again."""
        if not self.operator.alive:
            self.operator.start()
        self.until(what, lost.is_set)
        self.operator.hook = None

    def at_rest(self, case):
        """Waits until nothing is under way and all is well; no rotation may have been begun since `case` remembered the last."""
        def rests():
            resource = self.cluster.rotation()
            status = resource.get("status") or {}
            ready = {c["type"]: c["status"] for c in status.get("conditions", [])}.get("Ready")
            return (not status.get("rotation") and ready == "True" and status.get("history")
                    and status.get("observedGeneration") == resource["metadata"]["generation"])
        self.until("rest", rests, self.operator)
        if self.status()["lastRevision"] != case.facts["revision"]:
            case.wrong(f"a new revision was made: {self.status()['lastRevision']}")

    def remember(self, case):
        case.facts["revision"] = self.status()["lastRevision"]
        case.facts["pods"] = sorted(pod["metadata"]["name"] for pod in self.cluster.pods())

    def same(self, case, pods=True):
        """Keys, values and answers are those from before; so are the pods, if nothing should have restarted."""
        if self.cluster.keys() != self.keys:
            case.wrong("the keys are others than before")
        other = {MASTER: self.stranger, SALT: self.stranger}
        self.values(case, self.keys, other)
        self.instances(case, self.keys, other)
        if pods and sorted(pod["metadata"]["name"] for pod in self.cluster.pods()) != case.facts["pods"]:
            case.wrong("pods were restarted")
        if not case.problems:
            case.outcome = "as before"

    stranger = "sk-a-key-that-nobody-has"

    def serves(self, case):
        """Whether pods answer a model call with the right provider key."""
        for pod in self.cluster.pods():
            got, _ = ask_pod(pod, "/v1/chat/completions", "sk-virtual-0",
                             {"model": "model-0", "messages": [{"role": "user", "content": os.urandom(8).hex()}]})
            if got != 200:
                case.wrong(f"{pod['metadata']['name']} answers {got} to a model call")


# ---- the drills ------------------------------------------------------------------------------------------


def key_secret_lost(case, run):
    """The Secret with the new keys goes when the consumer has them and the values have not. The rotation waits for the backup."""
    lost = threading.Event()

    def lose(effect):
        run.page.run("What to back up")
        name = f"litellm-r{run.status()['rotation']['revision']}"
        run.cluster.call("DELETE", f"/api/v1/namespaces/ai/secrets/{name}")
        lost.set()
    at("publish", BEFORE, lose, run.operator)
    run.begin(case)
    run.until("the loss", lost.is_set, run.operator)
    run.until("a status that tells of it", lambda: "is gone in mid-rotation" in json.dumps(run.status()), run.operator)
    counted = run.page.run("A key Secret is gone", 1)
    if counted.strip() != "1":
        case.wrong(f"the pod's environment: {counted}")
    run.page.run("A key Secret is gone", 0)
    run.finish(case)
    case.did.append("the Secret with the new keys deleted in mid-rotation, restored from the backup")
    run.expect(case, "Succeeded")


def consumer_lost(case, run):
    run.remember(case)
    run.page.run("Disaster recovery", 0)
    run.cluster.call("DELETE", KEYS)
    run.publish()
    run.page.run("The Secret that LiteLLM reads is gone", 2)
    run.operate(stop=False)
    run.at_rest(case)
    if f"litellm-r{run.status()['activeKeys']['revision']}" not in run.page.run("Which revision", 0):
        case.wrong("the list of key Secrets does not name the one in use")
    published, kept = run.page.run("Which revision", 1).split()[::2]
    if published != kept:
        case.wrong("the two digests differ")
    case.did.append("the Secret that LiteLLM reads deleted, and written again")
    run.same(case)


def status_lost(case, run):
    run.remember(case)
    run.operator.kill()
    resource = run.cluster.rotation()
    run.cluster.call("PUT", f"{GROUP}/litellm/status", {**resource, "status": {}})
    run.at_rest(case)
    case.did.append("the status emptied")
    run.same(case)


def resource_deleted(case, run):
    run.remember(case)
    spec = run.cluster.rotation()["spec"]
    run.cluster.call("DELETE", f"{GROUP}/litellm")
    run.until("the end of the KeyRotation", lambda: run.cluster.rotation() is None, run.operator)
    run.cluster.call("POST", GROUP, {"apiVersion": "keyrotation.dev/v1alpha1", "kind": "KeyRotation",
                                     "metadata": {"name": "litellm", "namespace": "ai"}, "spec": {**spec, "suspend": True}})
    run.until("a status that tells of it", lambda: "StatusLost" in json.dumps(run.status()), run.operator)
    run.page.run("The KeyRotation was deleted")
    run.at_rest(case)
    case.did.append("the KeyRotation deleted and made anew, with the request of before")
    run.same(case)


def operator_lost(case, run):
    """The operator's namespace and rights go in mid-rotation, right before the values change."""
    lost, namespace = threading.Event(), "/api/v1/namespaces/keyrotation-system"

    def lose(effect):
        run.operator.kill()
        lost.set()
        raise Cut
    at("reencrypt", BEFORE, lose, run.operator)
    run.begin(case)
    run.until_lost("the re-encryption", lost)
    run.cluster.call("DELETE", namespace)
    for kind in ("rolebindings", "roles"):
        run.cluster.call("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/ai/{kind}/keyrotation")
    run.until("the end of the namespace", lambda: run.cluster.get(namespace, must=False) is None)
    run.serves(case)
    run.page.run("The operator is gone")
    run.cluster.patch(OPERATOR, {"spec": {"replicas": 0}})
    run.log_in()
    run.finish(case)
    case.did.append("the operator, its namespace and its rights deleted before the values changed; installed again")
    run.expect(case, "Succeeded")


def by_hand(case, run):
    """The operator dies when the values are re-encrypted and LiteLLM is stopped, and the record of the rotation is lost."""
    lost = threading.Event()

    def lose(effect):
        run.operator.kill()
        lost.set()
        raise Cut
    at("scale", BEFORE, lambda effect: effect.name == "scaled to its size" and lose(effect), run.operator, once=False)
    run.begin(case, strategy="Drain")
    run.until_lost("the start of the workloads", lost)
    rotation = run.status()["rotation"]["id"]
    run.cluster.call("PUT", f"{GROUP}/litellm/status", {**run.cluster.rotation(), "status": {}})
    run.until("a status that tells of it", lambda: "StatusLost" in json.dumps(run.status()), run.operator)
    run.page.run("Disaster recovery", 0)
    run.operate(stop=True)
    rows = run.database.query(run.page.text("Finish a rotation by hand", 0))
    if not any(row[0] == rotation and row[2] == "Reencrypt" for row in rows):
        raise Failure(f"the journal does not tell of {rotation}: {rows}")
    run.publish(rotation.removeprefix("litellm-r"))
    run.page.run("Finish a rotation by hand", 1, rotation=rotation, way="Forward")
    run.operate(stop=False)
    run.forget()                          # what was written twice by us and by the operator is no fault of it
    run.finish(case)
    case.did.append("the status lost after the re-encryption, with LiteLLM stopped; finished by hand")
    run.expect(case, "Succeeded")


def backup_restored(case, run):
    """A database backup from before the last rotations is put back, under another salt key than the present one."""
    old = run.backup
    run.page.run("An old database backup", 0)
    restore(run, old["dump"])
    listed = run.page.run("An old database backup", 1)
    if old["rotation"] not in listed:
        case.wrong(f"neither history nor Secrets tell of {old['rotation']}: {listed}")
    run.publish(old["revision"])
    run.page.run("An old database backup", 2)
    run.keys, present = old["keys"], run.keys
    if run.cluster.keys() != run.keys:
        case.wrong("the keys are not those of the backup's time")
    run.values(case, run.keys, present)
    run.serves(case)
    run.begin(case)
    run.finish(case)
    case.did.append("a backup from before the last rotations restored, with the keys of its time; then rotated")
    run.expect(case, "Succeeded")


def take_backup(run):
    """A dump of the database as it is, and the keys that open it."""
    dump = run.page.directory / "database.sql"
    with open(dump, "wb") as file:
        subprocess.run(["kubectl", "-n", "ai", "exec", "deployment/postgres", "--", "pg_dump", "-U", "postgres", "-d", "litellm"],
                       stdout=file, check=True, timeout=120)
    status = run.status()
    run.backup = {"dump": dump, "keys": run.keys, "revision": status["activeKeys"]["revision"], "rotation": status["history"][0]["id"]}


def restore(run, dump):
    psql = ["kubectl", "-n", "ai", "exec", "-i", "deployment/postgres", "--", "psql", "-X", "-q", "-U", "postgres", "--set=ON_ERROR_STOP=1"]
    subprocess.run([*psql, "-d", "postgres", "-c", "DROP DATABASE litellm WITH (FORCE)", "-c", "CREATE DATABASE litellm OWNER litellm"],
                   check=True, timeout=60, capture_output=True)
    with open(dump, "rb") as file:
        subprocess.run([*psql, "-d", "litellm"], stdin=file, check=True, timeout=120, capture_output=True)


def complete(case, run):
    """No command of the page is left that no drill has run."""
    for name in run.page.left():
        case.wrong(f"never run: {name}")
    case.did.append(f"{len(run.page.done)} blocks of commands")
    case.outcome = "all run" if not case.problems else "WRONG"


def main():
    with open(sys.argv[1]) as file:
        run = Drills(json.load(file))
    pattern = sys.argv[3] if sys.argv[2:3] == ["--only"] else "*"
    run.log_in()                          # with KEEP=1 an earlier run has replaced the account
    run.prepare()
    drills = {"key Secret lost in mid-rotation": key_secret_lost, "Secret of LiteLLM lost": consumer_lost, "status lost": status_lost,
              "KeyRotation deleted": resource_deleted, "operator lost": operator_lost, "finished by hand": by_hand,
              "old database backup": backup_restored}
    try:
        for name, drill in drills.items():
            if fnmatch.fnmatch(name, pattern):
                run.case(name, lambda case, drill=drill: drill(case, run))
            if drill is key_secret_lost:
                take_backup(run)
    except SystemExit as end:
        print(end)
    run.operator.kill()
    run.case("no key where none may be", leaks)
    if pattern == "*":
        run.case("every command was run", lambda case: complete(case, run))
    print("| drill | what was done | ended | took |\n| --- | --- | --- | --- |")
    print("\n".join("| " + " | ".join(case.row()) + " |" for case in run.cases))
    failed = sum(bool(case.problems) for case in run.cases)
    print(f"{len(run.cases) - failed} passed, {failed} failed", flush=True)
    os._exit(failed > 0)


if __name__ == "__main__":
    main()
