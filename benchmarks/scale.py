"""scale.py COUNT WINDOW JAVA...   an operator that looks after COUNT KeyRotations at rest; in the network of a cluster without a
node and without controllers (scale.sh). Fills the cluster, lets the operator settle, starts it again and watches it for WINDOW
seconds. Prints what it does to standard error and one line of JSON, the result, to standard output.

Of the environment: CLUSTER (directory of the cluster), LOGS, TOKEN (file with the operator's token), NAMESPACES (of LiteLLM, with
commas between them).
"""
import base64
import collections
import concurrent.futures
import datetime
import glob
import hashlib
import http.client
import json
import os
import re
import secrets
import signal
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import audit  # noqa: E402

COUNT, WINDOW, JAVA = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
CLUSTER, LOGS, TOKEN = (os.environ[name] for name in ("CLUSTER", "LOGS", "TOKEN"))
NAMESPACES = os.environ["NAMESPACES"].split(",")
AUDIT_LOG = f"{CLUSTER}/log/audit.log"
DATABASE_URL = "postgresql://litellm@127.0.0.1:5432/litellm"
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
NOW = datetime.datetime.now(datetime.timezone.utc)
BEGUN, ENDED, SOAKED = (
    (NOW - datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (50, 49.95, 25.9))


def say(text):
    print(text, file=sys.stderr, flush=True)


class Api:
    """The API server, asked as its administrator; each thread keeps a connection."""

    def __init__(self):
        self.port = int(open(f"{CLUSTER}/kubeconfig").read().split("https://127.0.0.1:")[1].split()[0])
        self.tls = ssl.create_default_context(cafile=f"{CLUSTER}/pki/ca.crt")
        self.tls.load_cert_chain(f"{CLUSTER}/pki/admin.crt", f"{CLUSTER}/pki/admin.key")
        self.kept = threading.local()

    def call(self, method, path, body=None, kind="application/json"):
        connection = getattr(self.kept, "connection", None)
        if connection is None:
            connection = self.kept.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": kind})
        response = connection.getresponse()
        content = json.loads(response.read())
        if response.status >= 300:
            raise AssertionError(f"{method} {path}: {response.status} {content.get('message')}")
        return content

    def rotations(self):
        for namespace in NAMESPACES:
            more = ""
            while more is not None:
                page = self.call("GET", f"/apis/keyrotation.dev/v1alpha1/namespaces/{namespace}/keyrotations?limit=500&continue={more}")
                yield from page["items"]
                more = page["metadata"].get("continue") or None


# ---- a KeyRotation at rest, as a rotation two days ago has left it -----------------------------------------------------------

def fresh_keys():
    return {"master": "sk-" + secrets.token_urlsafe(32), "salt": "sk-" + secrets.token_urlsafe(32)}


def fingerprints(keys):
    """As the operator makes them: else it would take the keys for changed by hand."""
    return {kind: hashlib.sha256(f"keyrotation.dev/fingerprint/v1\0{key}".encode()).hexdigest()[:12] for kind, key in keys.items()}


def reference(kind, name, uid):
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True, "blockOwnerDeletion": True}]


class Resource:
    """One of them, with its Secrets, Deployment, ReplicaSet and pod. There is no node and no controller, so what a controller and
    a kubelet would report is written here."""

    def __init__(self, api, number):
        self.api, self.number, self.namespace = api, number, NAMESPACES[number % len(NAMESPACES)]
        self.name = f"litellm-{number}"
        self.labels = {"app": self.name}
        self.stamp = f"{self.name}-r2/Forward"
        self.old, self.new = fresh_keys(), fresh_keys()

    def post(self, group, plural, kind, name, body, **metadata):
        version = "v1" if group == "api" else group.split("/", 1)[1]
        return self.api.call("POST", f"/{group}{'/v1' if group == 'api' else ''}/namespaces/{self.namespace}/{plural}", {
            "apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}, **body})

    def status(self, path, status):
        self.api.call("PATCH", f"/{path}/status", {"status": status}, MERGE)

    def secret(self, name, entries, immutable=False, **metadata):
        data = {key: base64.b64encode(value.encode()).decode() for key, value in entries.items()}
        self.post("api", "secrets", "Secret", name, {"type": "Opaque", "immutable": immutable, "data": data}, **metadata)

    def create(self):
        self.secret(f"{self.name}-keys", {"LITELLM_MASTER_KEY": self.new["master"], "LITELLM_SALT_KEY": self.new["salt"]},
                    annotations={"keyrotation.dev/revision": self.stamp})
        self.secret(f"{self.name}-db", {"DATABASE_URL": DATABASE_URL})
        self.workload()
        self.rotation()

    def workload(self):
        def entry(name, secret):
            return {"name": name, "valueFrom": {"secretKeyRef": {"name": f"{self.name}-{secret}", "key": name}}}
        template = {
            "metadata": {"labels": self.labels, "annotations": {"keyrotation.dev/revision": self.stamp}},
            "spec": {"containers": [{
                "name": "litellm", "image": "litellm:1", "ports": [{"name": "http", "containerPort": 4000}],
                "env": [entry("LITELLM_MASTER_KEY", "keys"), entry("LITELLM_SALT_KEY", "keys"), entry("DATABASE_URL", "db")]}]}}
        selector = {"matchLabels": self.labels}
        deployment = self.post("apis/apps/v1", "deployments", "Deployment", self.name,
                               {"spec": {"replicas": 1, "selector": selector, "template": template}}, labels=self.labels)
        one = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
        self.status(f"apis/apps/v1/namespaces/{self.namespace}/deployments/{self.name}", {**one, "updatedReplicas": 1})
        owner = reference("Deployment", self.name, deployment["metadata"]["uid"])
        replicas = self.post("apis/apps/v1", "replicasets", "ReplicaSet", f"{self.name}-2",
                             {"spec": {"replicas": 1, "selector": selector, "template": template}},
                             labels=self.labels, ownerReferences=owner)
        owner = reference("ReplicaSet", f"{self.name}-2", replicas["metadata"]["uid"])
        self.post("api", "pods", "Pod", f"{self.name}-2-pod", {"spec": template["spec"]}, ownerReferences=owner, **template["metadata"])
        address = f"10.{self.number >> 16}.{self.number >> 8 & 255}.{self.number & 255}"
        self.status(f"api/v1/namespaces/{self.namespace}/pods/{self.name}-2-pod", {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
            "conditions": [{"type": kind, "status": "True"} for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")]})

    def rotation(self):
        # A schedule that is not due while this runs, nor was since the rotation ended.
        schedule = f"0 3 {(NOW.day + 14) % 28 + 1} * *"
        made = self.post("apis/keyrotation.dev/v1alpha1", "keyrotations", "KeyRotation", self.name, {"spec": {
            "keys": ["Master", "Salt"], "secretRef": {"name": f"{self.name}-keys"},
            "database": {"urlFrom": {"secretKeyRef": {"name": f"{self.name}-db", "key": "DATABASE_URL"}}, "tls": {"mode": "Disabled"}},
            "proxy": {"tls": {"mode": "Disabled"}}, "workloads": [{"deployment": {"name": self.name}}],
            "rotate": {"request": "first", "schedule": schedule}}}, finalizers=["keyrotation.dev/finalizer"])
        uid = made["metadata"]["uid"]
        for revision, keys in ((1, self.old), (2, self.new)):
            self.secret(f"{self.name}-r{revision}", keys, immutable=True, labels={
                "app.kubernetes.io/managed-by": "keyrotation", "keyrotation.dev/name": self.name,
                "keyrotation.dev/owner-uid": uid, "keyrotation.dev/key-revision": str(revision)},
                annotations={"keyrotation.dev/rotation": f"{self.name}-r2", "keyrotation.dev/request": "first"})
        path = f"/apis/keyrotation.dev/v1alpha1/namespaces/{self.namespace}/keyrotations/{self.name}/status"
        self.api.call("PATCH", f"{path}?fieldManager=keyrotation&force=true", {
            "apiVersion": "keyrotation.dev/v1alpha1", "kind": "KeyRotation", "metadata": {"name": self.name},
            "status": self.rested()}, APPLY)

    def rested(self):
        """What the operator would have written, but for the conditions: those it writes when it looks. Preflight had passed."""
        rotation = f"{self.name}-r2"
        return {
            "observedGeneration": 1, "handledRequest": "first", "lastRevision": 2, "lastResult": "Succeeded",
            "activeKeys": {"revision": 2, "fingerprints": fingerprints(self.new), "since": ENDED},
            "history": [{
                "id": rotation, "revision": 2, "fromRevision": 1, "result": "Succeeded", "keys": ["Master", "Salt"],
                "trigger": "Request", "request": "first", "reason": "Routine", "oldKeys": fingerprints(self.old), "mode": "Fenced",
                "fencing": "Addresses", "startedAt": BEGUN, "completedAt": ENDED, "unavailableSeconds": 0, "data": {
                    "columns": 7, "rowsChanged": 40, "valuesReencrypted": 173, "masterKeyRowsFound": 0, "masterKeyRowsMoved": 0}}],
            "soak": {"rotation": rotation, "result": "Passed", "since": ENDED, "until": SOAKED, "looks": 99, "unclearLooks": 0,
                     "lastLookAt": SOAKED, "refusals": 0},
            "epoch": {"number": 1, "holder": "keyrotation-0-00000001"},
            "plan": {"steps": ["GenerateKeys", "OpenGrace", "PublishKeys", "ReencryptData", "RestartWorkloads", "Verify", "CloseGrace"],
                     "mode": "Fenced", "encryptionKey": "Salt", "values": 173, "instances": 1, "version": "1.108.4",
                     "columns": [f"LiteLLM_ProxyModelTable.column_{n}: 20" for n in range(7)]},
            "conditions": [{"type": "PreflightPassed", "status": "True", "reason": "NoBlockingFinding", "observedGeneration": 1,
                            "message": "173 stored values, 1 instances; details in status.plan.", "lastTransitionTime": BEGUN}]}


def fill(api):
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        done = [pool.submit(Resource(api, number).create) for number in range(COUNT)]
        for at, one in enumerate(done, 1):
            one.result()
            if at % 500 == 0:
                say(f"{at} of {COUNT} KeyRotations are there")
    say(f"{COUNT} KeyRotations and what belongs to them were made in {time.monotonic() - begin:.0f} s")


# ---- what the operator asks, by the API server's audit log -------------------------------------------------------------------

def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Asked:
    """Reads on in the audit log from where it ends now."""

    def __init__(self):
        self.file = open(AUDIT_LOG, "rb")
        self.file.seek(0, os.SEEK_END)
        self.looked, self.written = {}, {}     # by (namespace, name): when it was first looked at, when its status was written
        self.requests = []                     # (time, verb, resource, name)

    def lines(self):
        while True:
            line = self.file.readline()
            if line.endswith(b"\n"):
                yield line
                continue
            self.file.seek(-len(line), os.SEEK_CUR)         # it is being written
            if os.stat(AUDIT_LOG).st_ino == os.fstat(self.file.fileno()).st_ino:
                return
            line = self.file.readline()                     # written before the API server began a new file
            if line.endswith(b"\n"):
                yield line
            else:
                self.file = open(AUDIT_LOG, "rb")

    def read(self):
        for line in self.lines():
            if audit.ACCOUNT.encode() not in line:
                continue
            event = json.loads(line)
            if event["user"].get("username") != audit.ACCOUNT or event["stage"] != "ResponseComplete":
                continue
            asked = event.get("objectRef", {})
            resource = "/".join(filter(None, (asked.get("resource"), asked.get("subresource"))))
            when, which = seconds(event["stageTimestamp"]), (asked.get("namespace"), asked.get("name"))
            self.requests.append((when, event["verb"], resource, which))
            if resource == "deployments":
                self.looked.setdefault(which, when)
            if resource == "keyrotations/status" and event["responseStatus"]["code"] == 200:
                self.written.setdefault(which, when)
        return self


def whole_log():
    """All lines about the operator, also in files that the API server has put away."""
    for name in sorted(glob.glob(f"{CLUSTER}/log/audit-*.log")) + [AUDIT_LOG]:
        with open(name) as log:
            yield from (line for line in log if audit.ACCOUNT in line)


# ---- the operator ------------------------------------------------------------------------------------------------------------

class Operator:
    """A process with the rights of its Roles."""

    def __init__(self, port):
        self.log = f"{LOGS}/operator-{COUNT}.log"
        self.kubeconfig = f"{CLUSTER}/operator.kubeconfig"
        with open(os.open(self.kubeconfig, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "scale",
                       "contexts": [{"name": "scale", "context": {
                           "cluster": "scale", "user": "operator", "namespace": audit.OPERATOR}}],
                       "clusters": [{"name": "scale", "cluster": {
                           "server": f"https://127.0.0.1:{port}", "certificate-authority": f"{CLUSTER}/pki/ca.crt"}}],
                       "users": [{"name": "operator", "user": {"token": open(TOKEN).read().strip()}}]}, file)

    def start(self):
        self.begun, self.at = time.time(), os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *JAVA], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=CLUSTER,
                env={"PATH": "/usr/bin:/bin", "HOME": CLUSTER, "KUBECONFIG": self.kubeconfig, "KEYROTATION_HTTP_PORT": "0",
                     "KEYROTATION_NAMESPACES": ",".join(NAMESPACES)})

    def said(self, text):
        with open(self.log, errors="replace") as log:
            log.seek(self.at)
            return text in log.read()

    def wait(self, what, done, patience, pause=0.5):
        end = time.monotonic() + patience
        while not done():
            if self.process.poll() is not None:
                raise SystemExit(f"the operator ended with {self.process.returncode} while it {what}: see {self.log}")
            if time.monotonic() > end:
                raise SystemExit(f"after {patience:.0f} s it still {what}: see {self.log}")
            time.sleep(pause)

    def lead(self):
        """Starts it; gives the seconds until it is the leader."""
        self.start()
        self.wait("became the leader", lambda: self.said("this process leads as"), 120, 0.02)
        return time.time() - self.begun

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        if not self.said("has given the lease up"):
            raise SystemExit(f"the operator did not give its lease up: see {self.log}")

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, what):
        """MiB."""
        return int(re.search(rf"{what}:\s*(\d+) kB", open(f"/proc/{self.process.pid}/status").read())[1]) / 1024

    def live_heap(self):
        """MiB of objects in use, after a collection of all others."""
        def jcmd(command):
            return subprocess.run([os.path.join(os.path.dirname(JAVA[0]), "jcmd"), str(self.process.pid), command],
                                  check=True, capture_output=True, text=True).stdout
        jcmd("GC.run")
        with open(f"{LOGS}/histogram-{COUNT}.txt", "w") as file:       # what the memory is for
            file.write(jcmd("GC.class_histogram"))
        used = re.findall(r"total \d+K, used (\d+)K", jcmd("GC.heap_info"))
        if len(used) != 2:
            raise SystemExit("jcmd tells the heap in another form than expected")
        return sum(map(int, used)) / 1024


def require_rest(api):
    """By the operator's own judgement, which it wrote."""
    resting = 0
    for rotation in api.rotations():
        found = {one["type"]: one for one in rotation["status"]["conditions"]}
        if found["Ready"]["status"] != "True" or found["Reconciling"]["status"] != "False" or found["Stalled"]["status"] != "False":
            raise SystemExit(f"{rotation['metadata']['name']} is not at rest: {json.dumps(found)}")
        resting += 1
    if resting != COUNT:
        raise SystemExit(f"{resting} KeyRotations instead of {COUNT}")


def main():
    api = Api()
    fill(api)
    operator, asked = Operator(api.port), Asked()
    patience = 120 + COUNT * 0.1

    operator.lead()
    operator.wait("wrote conditions", lambda: len(asked.read().written) >= COUNT, patience)
    first = max(asked.written.values()) - operator.begun
    say(f"{first:.1f} s from the first start until conditions and audit of all were written")
    require_rest(api)
    operator.stop()
    say("all are at rest; the operator starts again")

    asked = Asked()
    leader = operator.lead()
    operator.wait("looked at all", lambda: len(asked.read().looked) >= COUNT, patience, 0.2)
    queue = max(asked.looked.values()) - operator.begun
    say(f"leader after {leader:.1f} s, all looked at after {queue:.1f} s, with {operator.cpu():.1f} s of processor time")
    time.sleep(2)                                # the last of them may still ask the database
    rss = operator.memory("VmRSS")

    begin, cpu = time.time(), operator.cpu()
    operator.wait("was watched", lambda: asked.read() and time.time() >= begin + WINDOW, WINDOW + 60, 1)
    end, cpu = time.time(), operator.cpu() - cpu
    say(f"load average {os.getloadavg()}")
    idle = [one for one in asked.read().requests if begin <= one[0] < end]
    looks = sum(1 for one in idle if one[2] == "deployments")
    busiest = max(collections.Counter(int(one[0]) for one in idle).values(), default=0)
    writes = sorted({one[1:3] for one in idle if one[1] not in ("get", "list", "watch") and one[2] != "leases"})
    rest_of_requests = sum(1 for one in idle if one[2] != "leases" and one[1] != "watch")

    checks = [(what, wrong) for what, wrong in audit.problems(whole_log(), NAMESPACES)]
    checks.append(("nothing but the lease was written at rest", writes or None))
    checks.append((f"nine in ten or more were looked at again in {end - begin:.0f} s", None if looks >= 0.9 * COUNT else f"{looks} looks"))
    print(json.dumps({
        "count": COUNT, "first": first, "leader": leader, "queue": queue, "rss": rss, "peak": operator.memory("VmHWM"),
        "cpu": 100 * cpu / (end - begin), "requests": len(idle) / (end - begin), "busiest": busiest, "looks": looks,
        "per_look": rest_of_requests / max(looks, 1), "window": end - begin, "heap": operator.live_heap(),
        "checks": checks}), flush=True)
    operator.stop()


if __name__ == "__main__":
    main()
