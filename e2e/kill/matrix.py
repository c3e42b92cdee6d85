"""matrix.py SETTINGS [--long | --singly] [--only PATTERN]   kills operators at each of their writes, breaks what they stand on, and judges the end

Runs in the network of the rig's cluster (tests/kill.sh starts it). Each case rotates keys under some fault and must end exactly on
the old or exactly on the new keys: by LiteLLM's own functions over all stored values, by what all rows say, by what each pod
answers, by what was left behind, and with no step done twice. The last line is `N passed, N failed`.
"""
import base64
import fnmatch
import hashlib
import json
import os
import signal
import sys
import threading
import time
import traceback

import psycopg

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import chain
from interposers import ANSWERED, BEFORE, DELIVERED, Cut
from world import GROUP, MASTER, SALT, STAMP, Changes, Cluster, Database, Judge, Operator, Pooler, ask_pod, random_key

MOMENTS = {BEFORE: "before", ANSWERED: "during", DELIVERED: "after"}
# Writes that may come again: for each old pod, when a lease is due, or whenever there is something to do.
REPEATABLE = {"shrink", "sweep", "grace", "status", "event", "audit", "finalizer", "other", "schema"}
PATIENCE = 150  # seconds without any write of an operator, or until a fact: a busy machine takes its time, a rotation that is stuck writes nothing
LONGEST = 2400  # seconds for one way of a rotation


class Failure(AssertionError):
    """What is wrong at the end of a case."""


class Case:
    """One rotation, or the way back of one, under a fault."""

    def __init__(self, run, name):
        self.run, self.name, self.began, self.problems, self.did = run, name, time.monotonic(), [], []
        self.outcome, self.facts, self.seconds = "", {}, 0.0

    def wrong(self, problem):
        self.problems.append(problem)

    def row(self):
        return (self.name, "; ".join(self.did) or "nothing", self.outcome, f"{self.seconds:.0f} s")


class Run:
    def __init__(self, settings):
        self.settings = settings
        self.cluster = Cluster(settings["port"], settings["pki"])
        self.database = Database(settings["postgres"], settings["passwords"])
        server = ("127.0.0.1", settings["port"])
        self.operator = Operator("a", "127.0.0.2", settings, server, self.database)
        self.second = Operator("b", "127.0.0.3", settings, server, self.database)
        self.changes = Changes(self.cluster)
        self.judge = Judge(self.database)
        self.canaries, self.cases, self.grid, self.number = set(), [], {}, 0
        self.run_id = time.strftime("%H%M%S")
        self.keys = self.snapshot = None
        self.only = "*"

    # ---- before the first case ------------------------------------------------------------------

    def prepare(self):
        self.cluster.patch("/api/v1/namespaces/ai/configmaps/standin", {"data": {"READY_WITH": ""}})
        self.until("the last run's rotation has ended", lambda: not self.status().get("rotation"),
                   self.operator if self.status().get("rotation") else None, 600)
        self.keys = self.cluster.keys()
        self.canaries.update(self.keys.values(), self.settings["provider"].values(), self.settings["passwords"].values())
        if not self.judge.opens(self.keys[SALT], random_key())[0]:
            raise Failure("before anything was done, LiteLLM's functions do not open what is stored")
        self.snapshot = self.judge.snapshot(self.keys[SALT])
        # An oracle that cannot fail proves nothing.
        if self.judge.opens(random_key(), self.keys[SALT])[0] or self.judge.snapshot(random_key()) == self.snapshot:
            raise Failure("the judge takes any key for the right one")
        self.cluster.call("POST", GROUP, {
            "apiVersion": "keyrotation.dev/v1alpha1", "kind": "KeyRotation", "metadata": {"name": "litellm", "namespace": "ai"},
            "spec": {"keys": ["Master", "Salt"], "secretRef": {"name": "litellm-keys"}, "stabilityPeriod": "1s", "stepDeadline": "5m",
                     "database": {"urlFrom": {"secretKeyRef": {"name": "operator-db", "key": "DATABASE_URL"}}, "tls": {"mode": "Disabled"}},
                     "proxy": {"tls": {"mode": "Disabled"}},
                     "workloads": self.workloads(), "retention": {"history": 20}}}, must=False)   # KEEP=1: it is there

    def workloads(self):
        return [{"deployment": {"name": "litellm"}}]

    # ---- one way of a rotation ------------------------------------------------------------------

    def begin(self, case, keys=("Master", "Salt"), strategy="Fenced", deadline="5m"):
        """Asks for a rotation; the operator is started by finish()."""
        self.number += 1
        case.facts["request"] = f"{self.run_id}-{self.number}"
        self.forget()
        self.cluster.patch(f"{GROUP}/litellm", {"spec": {
            "keys": list(keys), "strategy": "Auto" if list(keys) == ["Master"] else strategy, "stepDeadline": deadline,
            "rotate": {"request": case.facts["request"], "rollBack": None}}})

    def forget(self):
        self.changes.take()
        for operator in (self.operator, self.second):
            operator.effects.clear()
            operator.direction = "Forward"

    def roll_back(self, case):
        rotation = self.cluster.rotation()["status"]["history"][0]["id"]
        self.forget()
        self.operator.direction = self.second.direction = "RollBack"
        self.cluster.patch(f"{GROUP}/litellm", {"spec": {"rotate": {"rollBack": rotation}}})
        case.facts["rollBack"] = rotation

    def status(self):
        return (self.cluster.rotation() or {}).get("status") or {}

    def ended(self, case):
        """The history's entry of the case's rotation when all has come to rest, else None."""
        resource = self.cluster.rotation()
        status = resource.get("status") or {}
        ready = {c["type"]: c["status"] for c in status.get("conditions", [])}.get("Ready")
        last = (status.get("history") or [{}])[0]
        if status.get("rotation") or ready != "True" or status.get("observedGeneration") != resource["metadata"]["generation"]:
            return None
        if "rollBack" in case.facts:
            return last if last.get("id") == case.facts["rollBack"] and last["result"] == "RolledBack" else None
        return last if last.get("request") == case.facts["request"] else None

    def finish(self, case, restart=True, operator=None, patience=PATIENCE):
        """Keeps an operator running until the rotation has ended."""
        operator, writes = operator or self.operator, -1
        begin = last_write = time.monotonic()
        while time.monotonic() < min(last_write + patience, begin + LONGEST):
            if len(operator.effects) != writes:
                writes, last_write = len(operator.effects), time.monotonic()
            if restart and not operator.alive:
                operator.start()
            last = self.ended(case)
            if last:
                case.facts["last"] = last
                return last
            time.sleep(0.2)
        status = self.status()
        raise Failure(f"not at rest after {time.monotonic() - begin:.0f} s: rotation {json.dumps(status.get('rotation'))}, conditions "
                      + "; ".join(f"{c['type']}={c['status']} {c['message']}" for c in status.get("conditions", [])))

    def until(self, what, fact, operator=None, patience=PATIENCE):
        """Waits for a fact; keeps an operator running meanwhile if one is named."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if operator is not None and not operator.alive:
                operator.start()
            if fact():
                return
            time.sleep(0.1)
        raise Failure(f"waited in vain for: {what}")

    # ---- the judgement ---------------------------------------------------------------------------

    def expect(self, case, result, rotated=("Master", "Salt"), mode=None, turned_back_in=None):
        """Judges the end. `result` as in the history, `turned_back_in` the step whose failure was meant; the keys of self.keys are the
        old ones. Collects what is wrong."""
        last, old, new = case.facts["last"], self.keys, self.cluster.keys()
        self.canaries.update(new.values())
        forward = result == "Succeeded" and "rollBack" not in case.facts
        if last["result"] != result:
            case.wrong(f"it ended as {last['result']}, not {result}: {json.dumps(last.get('failure'))}")
        if turned_back_in and result == "RolledBack" and (last.get("failure") or {}).get("step") != turned_back_in:
            case.wrong(f"it was not turned back in {turned_back_in}: {json.dumps(last.get('failure'))}")
        if mode and last["mode"] != mode:
            case.wrong(f"it was {last['mode']}, not {mode}")
        target = old if not forward else new
        for name, kind in ((MASTER, "Master"), (SALT, "Salt")):
            changed = new[name] != old[name]
            if changed != (forward and kind in rotated):
                case.wrong(f"{name} is {'another one' if changed else 'the same'}")
        other = case.facts.get("other") or (old if forward else {MASTER: random_key(), SALT: random_key()})
        self.values(case, target, other)
        self.instances(case, target, other)
        for leftover in self.database.leftovers():
            case.wrong(f"left behind: {leftover}")
        self.once(case, last, forward)
        self.audit(case, self.status()["history"][1:])   # what is told of the last one may be on its way
        self.keys = new
        case.outcome = f"exactly {'new' if forward else 'old'}" if not case.problems else "WRONG"

    def values(self, case, target, other):
        same = target[SALT] == other[SALT]
        good, counts = self.judge.opens(target[SALT], random_key() if same else other[SALT])
        if not good:
            case.wrong("by LiteLLM's functions not every stored value opens under the right salt key:\n" + counts)
        if self.judge.snapshot(target[SALT]) != self.snapshot:
            case.wrong("rows say something else than before")

    def instances(self, case, target, other):
        deployment, pods = self.cluster.deployment(), self.cluster.pods()
        mark = deployment["spec"]["template"]["metadata"].get("annotations", {}).get(STAMP)
        if len(pods) != 2 or deployment["spec"]["replicas"] != 2:
            case.wrong(f"{len(pods)} pods run, {deployment['spec']['replicas']} are wanted, there were 2")
        for pod in pods:
            name = pod["metadata"]["name"]
            if pod["metadata"].get("annotations", {}).get(STAMP) != mark:
                case.wrong(f"{name} is of another revision than the template")
            self.answers(case, name, pod, target, other)

    def answers(self, case, name, pod, target, other):
        """What one instance says to keys, and which provider keys it uses."""
        answers = {"the right master key": (target[MASTER], 200), "a random key": (random_key(), 401)}
        if other[MASTER] != target[MASTER]:
            answers["the other master key"] = (other[MASTER], 401)
        for what, (key, wanted) in answers.items():
            got, _ = ask_pod(pod, "/key/list?size=1", key)
            if got != wanted:
                case.wrong(f"{name} answers {got} to {what}")
        for model, secret in self.settings["provider"].items():
            message = {"role": "user", "content": random_key()[:16]}   # a new text each time: no cache may answer
            got, body = ask_pod(pod, "/v1/chat/completions", "sk-virtual-0", {"model": model, "messages": [message]})
            if got != 200 or body["choices"][0]["message"]["content"] != f"used {hashlib.sha256(secret.encode()).hexdigest()}":
                case.wrong(f"{name} does not use the right provider key for {model}: {got}")

    def once(self, case, last, forward):
        """No step was done twice: as the writes that took effect, as changes in the cluster, as rows of the journal."""
        counts = {}
        for operator in (self.operator, self.second):
            for effect in operator.happened():
                if effect.kind not in REPEATABLE:
                    counts[str(effect)] = counts.get(str(effect), 0) + 1
        for effect, count in counts.items():
            if count > 1:
                case.wrong(f"done {count} times: {effect}")
        changed = self.changes.take()
        ways = 1 if forward or "rollBack" in case.facts else 2
        for what in ("keys", "mark"):
            if changed[what] > ways:
                case.wrong(f"{what} changed {changed[what]} times")
        if changed["size"] > (2 * ways if last["mode"] == "Drain" else 0):
            case.wrong(f"the number of pods was changed {changed['size']} times")
        journal = self.database.journal(last["id"])
        if any(count > 1 for count in journal.values()):
            case.wrong(f"the journal has {journal}")
        if last["mode"] != "Rolling" and (journal.get("forward", 0) - journal.get("rollback", 0) != (1 if forward else 0)):
            case.wrong(f"the journal does not match the end: {journal}")
        twice = self.database.copied_twice(last["id"])
        if twice:
            case.wrong(f"{twice} cells were re-encrypted more than once in one direction")
        case.facts["counts"] = counts

    def audit(self, case, history):
        lines = chain.lines(self.cluster.get("/api/v1/namespaces/ai/configmaps")["items"], "litellm")
        wrong = [chain.broken(lines), *(f"told twice: {what}" for what in chain.twice(lines)),
                 *(f"not told: {what}" for what in chain.untold(lines, history))]
        for problem in filter(None, wrong):
            case.wrong(f"the audit: {problem}")
        return lines

    def state(self):
        """What a stale operator could spoil, by name. Not what the stand-in changes by itself."""
        secret, status = self.cluster.get("/api/v1/namespaces/ai/secrets/litellm-keys"), self.status()
        deployment = self.cluster.deployment()
        return {
            "the keys' Secret": (secret["metadata"]["resourceVersion"], secret["data"]),
            "the Deployment's specification": deployment["spec"],
            "the pods": sorted(pod["metadata"]["name"] for pod in self.cluster.pods()),
            "revisions of the keys": sorted(s["metadata"]["name"] + s["metadata"]["uid"] for s in
                                            self.cluster.get("/api/v1/namespaces/ai/secrets")["items"]),
            "the status": {name: status.get(name) for name in ("rotation", "history", "activeKeys", "lastRevision")},
            "the journal": self.database.query("SELECT * FROM keyrotation.journal ORDER BY rotation_id, direction, kind"),
            "the copies": self.database.query("SELECT count(*) FROM keyrotation.ciphertext_copy"),
            "the fence": self.database.query("SELECT address::text FROM keyrotation.fenced UNION SELECT mark FROM keyrotation.fenced_but"),
            "rows of keys": self.database.query(
                'SELECT token, key_alias, expires, user_id FROM "LiteLLM_VerificationToken" ORDER BY 1'),
        }

    # ---- reporting -------------------------------------------------------------------------------

    def case(self, name, body):
        case = Case(self, name)
        print(f"{name}", flush=True)
        try:
            body(case)
        except (Failure, AssertionError, psycopg.Error, OSError) as error:
            case.wrong(str(error) or traceback.format_exc())
            if not isinstance(error, Failure):
                traceback.print_exc()
        finally:
            self.operator.hook = self.second.hook = None
            self.operator.api.mend()
            self.operator.database.mend()
        case.seconds = time.monotonic() - case.began
        if case.problems:
            case.outcome = "WRONG"
        self.cases.append(case)
        for problem in case.problems:
            print(f"        {problem}", flush=True)
        print(f"  {'FAIL' if case.problems else 'ok  '}  {'; '.join(case.did)}: {case.outcome}, {case.row()[3]}", flush=True)
        if case.problems and case.facts:
            self.recover(case)

    def recover(self, case):
        """After a failure the next case needs a world at rest: no fault any more, and time."""
        self.second.kill()
        try:
            self.finish(case)
        except (Failure, KeyError):
            raise SystemExit("the world does not come to rest; the cases after this one cannot be judged") from None
        self.keys = self.cluster.keys()
        self.snapshot = self.judge.snapshot(self.keys[SALT])


def leaks(case):
    """Searches what can be read without a right to Secrets for every key that was ever used."""
    run = case.run
    paths = {"the API server's audit log": os.path.join(run.settings["cluster"], "log", "audit.log"),
             "the operator's log": run.operator.log, "the second operator's log": run.second.log}
    places = {}
    for place, path in paths.items():
        if os.path.exists(path):
            with open(path, errors="replace") as file:
                places[place] = file.read()
    for place, path in {"events": "/api/v1/events", "KeyRotations": GROUP, "pods": "/api/v1/pods",
                        "deployments": "/apis/apps/v1/deployments", "ConfigMaps": "/api/v1/configmaps", "leases": "/apis/coordination.k8s.io/v1/leases"}.items():
        places[place] = json.dumps(run.cluster.get(path))
    places["PostgreSQL's log"] = run.cluster.log("postgres")
    for place, text in places.items():
        for key in run.canaries:
            raw = key.encode()
            forms = [key, base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("="), raw.hex()]
            if any(form in text for form in forms):
                case.wrong(f"a key stands in {place}")
    run.until("the audit tells of the last rotation", lambda: not chain.untold(chain.lines(
        run.cluster.get("/api/v1/namespaces/ai/configmaps")["items"], "litellm"), run.status()["history"]), run.operator)
    lines = run.audit(case, run.status()["history"])
    case.did.append(f"checked {len(lines)} lines of the audit")
    case.did.append(f"searched {len(places)} places, {sum(map(len, places.values()))} characters, for {len(run.canaries)} secrets")
    case.outcome = "none" if not case.problems else "WRONG"


# ---- kills at each write ----------------------------------------------------------------------------


class KillEach:
    """A hook that kills the operator once at each write, at one moment of it."""

    def __init__(self, operator, moment, wanted=lambda effect: True):
        self.operator, self.moment, self.wanted, self.done, self.lock = operator, moment, wanted, [], threading.Lock()

    def __call__(self, effect, moment):
        with self.lock:
            if moment != self.moment or effect.key in self.done or not self.wanted(effect):
                return
            self.done.append(effect.key)
            self.operator.kill()
        raise Cut


def is_effect(effect):
    return effect.kind not in ("status", "event")


def is_write(effect):
    return effect.kind != "event"


def killed(run, strategy, keys, ways, name=None, fencing=None):
    """A rotation and its way back; `ways` is a moment and a choice of writes for each of the two."""
    mode = "Rolling" if keys == ["Master"] else strategy
    name = name or mode
    before = {}

    def way(case, direction, moment, wanted, expected):
        hook = run.operator.hook = KillEach(run.operator, moment, wanted)
        run.finish(case)
        run.operator.hook = None
        names = [key.split(": ", 1)[1] for key in hook.done]
        case.did.append(f"killed {MOMENTS[moment]} " + (names[0] if len(names) == 1 else f"each of {len(names)} writes"))
        if not names:
            case.wrong("no operator was killed")
        run.expect(case, expected, keys, mode)
        if fencing and case.facts["last"].get("fencing") != fencing:
            case.wrong(f"old pods were not told by {fencing}: {case.facts['last'].get('fencing')}")
        for write in names:
            moments = run.grid.setdefault(write, {}).setdefault((name, direction), {})
            moments[MOMENTS[moment]] = moments.get(MOMENTS[moment], True) and not case.problems

    def forward(case):
        before.update(run.keys)
        run.begin(case, keys, strategy)
        way(case, "Forward", *ways[0], "Succeeded")

    def back(case):
        rotated = run.keys
        case.facts["other"] = rotated
        run.keys = dict(before)
        run.roll_back(case)
        way(case, "RollBack", *ways[1], "RolledBack")

    run.case(f"{name}, forward", forward)
    if len(ways) > 1:
        run.case(f"{name}, rolled back", back)


def behind_pooler(run, ways):
    """The same behind PgBouncer, where the database sees every pod at one address and tells them by the mark in their URL. The
    operator goes through it as well, so its transactions are not interposed here: it is killed at its requests to the API server."""
    if not fnmatch.fnmatch(f"{MARKED}, forward", run.only):
        return
    secret, pooler = "/api/v1/namespaces/ai/secrets/litellm-db", Pooler(run.settings, run.database)
    before = run.cluster.get(secret)["data"]["DATABASE_URL"]

    def connect(url, database):
        run.operator.kill()
        run.cluster.patch(secret, {"data": {"DATABASE_URL": url}})
        stamp = random_key()[3:11]
        run.cluster.patch("/apis/apps/v1/namespaces/ai/deployments/litellm",
                          {"spec": {"template": {"metadata": {"annotations": {"e2e/url": stamp}}}}})
        run.until("pods with the other URL", lambda: settled(run.cluster, stamp))
        run.cluster.patch(f"{GROUP}/litellm", {"spec": {"database": database}})

    def source(name):
        return {"urlFrom": {"secretKeyRef": {"name": name, "key": "DATABASE_URL"}}, "tls": {"mode": "Disabled"}}

    try:
        connect(base64.b64encode(pooler.url(run.database).encode()).decode(), source("litellm-db") | {"markConnections": True})
        killed(run, "Fenced", BOTH, ways, MARKED, "Marks")
        mark = base64.b64decode(run.cluster.get(secret)["data"]["DATABASE_URL"]).decode().rpartition("application_name=")[2]
        print(f"  the URL ends with {mark}", flush=True)
    finally:
        connect(before, source("operator-db") | {"markConnections": False})
        pooler.end()


def settled(cluster, stamp):
    """Whether two ready pods of that template run and no other is left, also not on its way out."""
    pods = cluster.get("/api/v1/namespaces/ai/pods?labelSelector=app%3Dlitellm")["items"]
    return len(pods) == 2 and all(
        pod["metadata"].get("annotations", {}).get("e2e/url") == stamp
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", [])) for pod in pods)


# ---- single faults ----------------------------------------------------------------------------------


def at(kind, moment, deed, operator, once=True):
    """A hook that does `deed` at the first (or each) write of that kind."""
    fired = []

    def hook(effect, now):
        if effect.kind == kind and now == moment and not (once and fired):
            fired.append(effect)
            deed(effect)
    operator.hook = hook
    return fired


def cut_off(run, seconds):
    """Cuts the operator off from API server and database and lets it in again some time later."""
    def deed(effect):
        for each in (run.operator.api, run.operator.database):
            each.cut()
            threading.Timer(seconds, each.mend).start()
        raise Cut
    return deed


def cut(effect):
    raise Cut


def lost_answers(case, run):
    """The answer to every first write of a kind is lost while the operator lives on: COMMITs as well as requests."""
    lost = set()

    def hook(effect, moment):
        if moment == ANSWERED and effect.key not in lost and is_write(effect):
            lost.add(effect.key)
            raise Cut
    run.operator.hook = hook
    run.begin(case)
    run.finish(case)
    case.did.append(f"answers to {len(lost)} writes lost, COMMIT among them")
    if not any("re-encryption" in key for key in lost):
        case.wrong("the COMMIT of the re-encryption was not among them")
    run.expect(case, "Succeeded")


def connections_cut(case, run, seconds):
    """API server and database are gone for a while, from the moment at which the data is to be committed, and again at the mark."""
    run.begin(case)
    first = []

    def hook(effect, moment):
        if moment == BEFORE and effect.kind in ("publish", "reencrypt", "stamp") and effect.kind not in first:
            first.append(effect.kind)
            cut_off(run, seconds)(effect)
    run.operator.hook = hook
    run.finish(case)
    case.did.append(f"API server and database gone for {seconds} s, at {len(first)} writes")
    if len(first) != 3:
        case.wrong(f"only cut at {first}")
    run.expect(case, "Succeeded")


def locked_row(case, run, seconds, deadline, expected):
    """Somebody's transaction holds a model's row, which LiteLLM's readers do not notice and a writer does."""
    with run.database.connect(autocommit=False) as session:
        session.execute("""SELECT 1 FROM "LiteLLM_ProxyModelTable" WHERE model_id = 'model-3' FOR UPDATE""")
        released = threading.Timer(seconds, session.rollback)
        # From the write on that precedes the re-encryption.
        at("publish", DELIVERED, lambda effect: released.start(), run.operator)
        run.begin(case, deadline=deadline)
        run.finish(case, patience=PATIENCE + seconds)
        released.join()
    case.did.append(f"a model's row locked for {seconds} s, stepDeadline {deadline}")
    run.expect(case, expected, turned_back_in="ReencryptData")


def never_ready(case, run, strategy):
    """Pods get ready with the old master key only."""
    digest = hashlib.sha256(run.keys[MASTER].encode()).hexdigest()
    standin = "/api/v1/namespaces/ai/configmaps/standin"
    run.cluster.patch(standin, {"data": {"READY_WITH": digest[:16]}})
    try:
        run.begin(case, strategy=strategy, deadline="30s")
        run.finish(case)
    finally:
        run.cluster.patch(standin, {"data": {"READY_WITH": ""}})
    case.did.append(f"{strategy}, pods with new keys never get ready, stepDeadline 30s")
    run.expect(case, "RolledBack", turned_back_in="RestartWorkloads")


def disk_full(case, run, mended):
    """The table of copies lies on a file system of half a megabyte; a real one, and it is full."""
    run.database.query("TRUNCATE keyrotation.ciphertext_copy")          # no page with room in it is left
    run.database.query("ALTER TABLE keyrotation.ciphertext_copy SET TABLESPACE small")
    run.database.query("CREATE SCHEMA IF NOT EXISTS e2e")             # not among LiteLLM's tables
    run.database.query("CREATE TABLE e2e.filler (t text) TABLESPACE small")
    run.database.query("ALTER TABLE e2e.filler ALTER t SET STORAGE PLAIN")
    try:
        for size in (7000, 7000, 1000, 100):
            try:
                while True:
                    run.database.query(f"INSERT INTO e2e.filler SELECT repeat('x', {size}) FROM generate_series(1, 10)")
            except psycopg.errors.DiskFull:
                pass
        run.begin(case, deadline="5m" if mended else "20s")
        if mended:
            run.until("the disk is full for the operator",
                      lambda: "disk space" in json.dumps(run.status().get("rotation") or {}), run.operator)
            run.database.query("DROP TABLE e2e.filler")
        run.finish(case)
    finally:
        run.database.query("DROP TABLE IF EXISTS e2e.filler")
        run.database.query("ALTER TABLE keyrotation.ciphertext_copy SET TABLESPACE pg_default")
    case.did.append("no disk space for the copies" + (", until some was freed" if mended else ", stepDeadline 20s"))
    run.expect(case, "Succeeded" if mended else "RolledBack", turned_back_in="ReencryptData")


def stale(case, run, kind):
    """An operator stops in the middle of a write; another one takes over, ends the rotation and rolls it back; then the first goes on.

    What it was about to write, and whatever it writes before it notices, belongs to a way that nobody goes any more.
    """
    gone, reached = threading.Event(), threading.Event()

    def hold(effect):
        os.kill(run.operator.process.pid, signal.SIGSTOP)
        reached.set()
        gone.wait()
    fired = at(kind, BEFORE, hold, run.operator)
    run.begin(case)
    run.until(f"the write to hold back ({kind})", reached.is_set, run.operator)
    try:
        run.finish(case, operator=run.second)
        case.facts["other"] = run.cluster.keys()
        run.roll_back(case)
        run.finish(case, operator=run.second)
        state = run.state()
        gone.set()                                        # the write that was under way arrives now
        time.sleep(1)
        os.kill(run.operator.process.pid, signal.SIGCONT)
        run.second.kill()
        time.sleep(8)                                     # several turns of the first operator, now alone and awake
        after = run.state()
    finally:
        gone.set()
        os.kill(run.operator.process.pid, signal.SIGCONT)
        run.second.kill()
    case.did.append(f"stopped before: {fired[0].name}; another operator ended the rotation and rolled it back; then it woke up")
    for what, value in state.items():
        if after[what] != value:
            case.wrong(f"the operator that woke up changed: {what}")
    run.expect(case, "RolledBack")


# ---- all of it --------------------------------------------------------------------------------------


MARKED = "Fenced by marks"
BOTH, MASTER_ALONE = ["Master", "Salt"], ["Master"]
WAYS = [("Fenced", BOTH), ("Drain", BOTH), ("Rolling", MASTER_ALONE)]


def quick(run):
    """What `make test` has time for: each write of each way once, at one of the three moments."""
    killed(run, "Fenced", BOTH, [(ANSWERED, is_write), (BEFORE, is_effect)])
    killed(run, "Drain", BOTH, [(DELIVERED, is_effect), (ANSWERED, is_effect)])
    killed(run, "Rolling", MASTER_ALONE, [(BEFORE, is_effect)])
    faults(run, 12, 45, "20s")


def complete(run):
    """Each write of each way at each moment, all of a way in one rotation. Locks last for minutes."""
    for strategy, keys in WAYS:
        for moment in MOMENTS:
            killed(run, strategy, keys, [(moment, is_write), (moment, is_write)])
    for moment in MOMENTS:
        behind_pooler(run, [(moment, is_write), (moment, is_write)])
    faults(run, 150, 200, "60s")


def singly(run):
    """Each write of each way at each moment, and only that, in a rotation of its own: what an operator that died before left cannot help."""
    for strategy, keys in WAYS:
        killed(run, strategy, keys, [(BEFORE, is_write), (BEFORE, is_write)])      # to know the writes
    writes = {way: sorted(name for name, ways in run.grid.items() if way in ways) for way in
              [(strategy, direction) for strategy, _ in WAYS for direction in ("Forward", "RollBack")]}
    for strategy, keys in WAYS:
        for moment in MOMENTS:
            names = [[n for n in writes[strategy, d] if not n.startswith(("event", "status at rest"))] for d in ("Forward", "RollBack")]
            for number in range(max(map(len, names))):
                forward, back = (each[number % len(each)] for each in names)
                killed(run, strategy, keys, [(moment, called(forward)), (moment, called(back))])


def called(name):
    return lambda effect: effect.name == name


def faults(run, short, long, deadline):
    run.case("answers lost", lambda case: lost_answers(case, run))
    run.case("connections cut", lambda case: connections_cut(case, run, 5))
    run.case("row locked, then free", lambda case: locked_row(case, run, short, "5m", "Succeeded"))
    run.case("row locked for longer than the deadline", lambda case: locked_row(case, run, long, deadline, "RolledBack"))
    run.case("pods never ready", lambda case: never_ready(case, run, "Fenced"))
    # Without an epoch in every write nothing holds such an operator back: this runs from the schema on that has one.
    if run.database.query("SELECT 1 FROM information_schema.columns WHERE table_schema = 'keyrotation' AND table_name = 'claim'"
                          " AND column_name = 'epoch'"):
        for kind in ("stamp", "reencrypt"):
            run.case(f"stale operator, {kind}", lambda case, kind=kind: stale(case, run, kind))
    run.case("disk full, then free", lambda case: disk_full(case, run, True))
    run.case("disk full", lambda case: disk_full(case, run, False))


def table(run):
    """The cases as Markdown."""
    ways = [(mode, direction) for mode in [*dict(WAYS), MARKED] for direction in ("Forward", "RollBack")]
    lines = ["| write | " + " | ".join(f"{mode}, {'forward' if way == 'Forward' else 'back'}" for mode, way in ways) + " |",
             "| --- |" + " --- |" * len(ways)]
    for name, cells in run.grid.items():
        texts = [", ".join(f"{moment}{'' if good else ' FAILED'}" for moment, good in cells.get(way, {}).items()) for way in ways]
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    lines += ["", "| case | what was done | ended | took |", "| --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(case.row()) + " |" for case in run.cases]
    return "\n".join(lines)


def main():
    with open(sys.argv[1]) as file:
        settings = json.load(file)
    options = sys.argv[2:]
    if "--fill" in options:
        with open(os.path.join(settings["work"], "salt")) as file:
            Database(settings["postgres"], settings["passwords"]).fill(file.read(), settings["provider"])
        return
    run = Run(settings)
    run.prepare()
    if "--only" in options:
        whole, run.only = run.case, options[options.index("--only") + 1]
        run.case = lambda name, body: whole(name, body) if fnmatch.fnmatch(name, run.only) else None
    try:
        (complete if "--long" in options else singly if "--singly" in options else quick)(run)
    except SystemExit as end:
        print(end)
    run.operator.kill()
    run.case("no key where none may be", leaks)
    with open(os.path.join(settings["logs"], "table.md"), "w") as file:
        file.write(table(run) + "\n")
    print(table(run))
    failed = sum(bool(case.problems) for case in run.cases)
    print(f"{len(run.cases) - failed} passed, {failed} failed", flush=True)
    os._exit(failed > 0)


if __name__ == "__main__":
    main()
