"""prove.py STATE [--keys Master,Salt] [--restored FILE] [--places DIRECTORY]   proves from outside that a rotation did what it says

STATE is the directory that litellm/deploy.sh filled before the rotation. kubectl must reach the cluster. Each check is one
line, "ok" or "FAIL"; the last line is `N passed, N failed`, and the exit code is 0 only if none failed. Nothing here uses
code of keyrotation: requests as users send them, and LiteLLM's own decryption functions.
--restored: the last rotation was rolled back, and the keys that FILE names are in use again; those of STATE are the ones that ended.
--places: also keep what was searched for leaked keys in that directory.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import audit
import chain
from snapshots import compared

NAMESPACE, DEPLOYMENT, SECRET, ROTATION, OPERATOR = "ai", "litellm", "litellm-keys", "litellm", "keyrotation-system"
MASTER, SALT = "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"
MIRRORS = ["LITELLM_SMOKE_TEST_KEY", "LITELLM_HEALTH_API_KEY", "LITELLM_PROXY_API_KEY"]
passed = failed = 0


def check(what, problem=None):
    global passed, failed
    if problem:
        failed += 1
        print(f"  FAIL  {what}: {problem}", flush=True)
    else:
        passed += 1
        print(f"  ok    {what}", flush=True)


def kubectl(*arguments, stdin=None, must=True):
    done = subprocess.run(["kubectl", *arguments], input=stdin, capture_output=True, text=True, timeout=300)
    if must and done.returncode:
        sys.exit(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def get(*arguments, namespace=NAMESPACE):
    return json.loads(kubectl("-n", namespace, "get", *arguments, "-o", "json"))


def in_toolbox(script, *arguments, questions):
    command = ["kubectl", "-n", NAMESPACE, "exec", "-i", "deployment/toolbox", "--", "python3", f"/scripts/{script}", *arguments]
    done = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def title(text):
    print(text, flush=True)


def secret_ref():
    """The Secret that the pods read; without a KeyRotation that of the example."""
    spec = kubectl("-n", NAMESPACE, "get", "keyrotation", ROTATION, "-o", "jsonpath={.spec.secretRef}", must=False)
    return {"masterKey": MASTER, "saltKey": SALT, **(json.loads(spec) if spec else {"name": SECRET, "mirrors": MIRRORS})}


def status_of_rotation(result):
    title("What the KeyRotation says")
    found = kubectl("-n", NAMESPACE, "get", "keyrotation", ROTATION, "-o", "json", must=False)
    if not found:
        check("the KeyRotation exists", "there is none")
        return
    resource = json.loads(found)
    status = resource.get("status", {})
    conditions = {c["type"]: c for c in status.get("conditions", [])}
    ready = conditions.get("Ready", {})
    check("condition Ready is True", None if ready.get("status") == "True" else f"it is {ready or 'missing'}")
    check("the status is about the newest specification",
          None if status.get("observedGeneration") == resource["metadata"]["generation"] else "observedGeneration is older")
    last = (status.get("history") or [{}])[0]
    check(f"the last rotation in the history says {result}", None if last.get("result") == result else f"it says {last}")


def keys(before, rotated, restored):
    title("The keys in the Secret")
    ref = secret_ref()
    master, salt = ref["masterKey"], ref["saltKey"]
    data = {name: base64.b64decode(value).decode() for name, value in get("secret", ref["name"])["data"].items()}
    # Without a salt key the master key encrypts.
    salt_before = before["salt"] if before["salt"] != before["master"] else None
    for kind, name, old in (("Master", master, before["master"]), ("Salt", salt, salt_before)):
        if kind in rotated:
            check(f"{name} is new", "it is the old one" if data[name] == old else None)
            check(f"{name} is sk- and 32 random bytes",
                  None if re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", data[name]) else "it has another form")
        else:
            check(f"{name} is unchanged" if old else f"there is no {name}, as before", None if data.get(name) == old else "it was changed")
    spec = kubectl("-n", NAMESPACE, "get", "keyrotation", ROTATION, "-o", "jsonpath={.spec.secretRef.copies}", must=False)
    for copy in json.loads(spec or "[]"):
        held = base64.b64decode(get("secret", copy["name"], namespace=copy["namespace"])["data"][copy["key"]]).decode()
        check(f"the copy in Secret {copy['namespace']}/{copy['name']} is the same as the master key",
              None if held == data[master] else "it is another")
    for name in ref.get("mirrors", []):
        check(f"{name} is the same as the master key", None if data[name] == data[master] else "it is another")
    if restored:
        check("the keys are those from before the rotation",
              None if (data[master], data.get(salt, data[master])) == (restored["master"], restored["salt"]) else "they are others")
    return data[master], data.get(salt, data[master])


def requests(before, master):
    title("Requests to LiteLLM")
    spec = get("deployment", DEPLOYMENT)["spec"]
    replicas, labels = spec["replicas"], ",".join("=".join(label) for label in spec["selector"]["matchLabels"].items())
    pods = {pod["metadata"]["name"]: pod["status"].get("podIP")
            for pod in get("pods", "-l", labels)["items"]
            if "deletionTimestamp" not in pod["metadata"]}
    check(f"{replicas} pods run, as before", None if len(pods) == replicas == before["replicas"] else f"pods: {sorted(pods)}")
    _, out, err = in_toolbox("probe.py", "requests", questions={
        "pods": pods, "old": before["master"], "new": master, "virtual_key": before["virtual_key"], "models": before["models"]})
    for line in out.splitlines():
        verdict, what = line.split(None, 1)
        name, _, problem = what.rpartition(": ") if verdict == "FAIL" else (what, "", None)
        check(name or what, problem)
    if not out:
        check("requests could be sent", err.strip()[-500:] or "no answer")


def ciphertexts(state, before, salt, rotated):
    title("Every text and JSON column of the database, judged by LiteLLM's own functions")
    # Without a salt key the master key encrypts.
    encrypts = {"Salt", "Master"} if before["salt"] == before["master"] else {"Salt"}
    expected = "new" if encrypts & set(rotated) else "old"
    new_salt = salt if salt != before["salt"] else "sk-there-is-no-new-key"
    code, out, err = in_toolbox("oracle.py", "count", "--expect", expected,
                                questions={"salt": before["salt"], "new_salt": new_salt})
    print("\n".join("        " + line for line in out.splitlines()))
    check(f"all encrypted values open under the {'new' if expected == 'new' else 'unchanged'} key, none under another",
          None if code == 0 else (err.strip()[-500:] or "see the table"))
    with open(os.path.join(state, "snapshot.json")) as file:
        earlier = json.load(file)
    code, out, err = in_toolbox("oracle.py", "snapshot", questions={"salt": salt})
    if code:
        check("the contents can be compared", err.strip()[-500:])
        return
    now = json.loads(out)
    check(*compared(earlier, now))


def forms(secret):
    """How a secret might be written down."""
    raw = secret.encode()
    yield secret
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield raw.hex()


def leaks(state, before, master, salt, keep):
    title("Places where no key may be")
    secrets = {"old master key": before["master"], "new master key": master, "old salt key": before["salt"],
               "new salt key": salt, "database password": before["password"],
               **{f"provider key {name}": key for name, key in before["provider"].items()}}
    own = os.path.join(state, "role.json")
    if os.path.exists(own):
        with open(own) as file:
            secrets["password of the operator's database role"] = json.load(file)["password"]
    places = {"events of all namespaces": kubectl("get", "events", "-A", "-o", "yaml"),
              "KeyRotations": kubectl("get", "keyrotations", "-A", "-o", "yaml"),
              "ConfigMaps": kubectl("get", "configmaps", "-A", "-o", "yaml"),
              "Leases": kubectl("get", "leases", "-A", "-o", "yaml"),
              "workloads and pods": kubectl("get", "deployments,replicasets,pods", "-A", "-o", "yaml")}
    for pod in get("pods", namespace=OPERATOR)["items"]:
        name = pod["metadata"]["name"]
        places[f"log of {name}"] = kubectl("-n", OPERATOR, "logs", name, "--all-containers")
        places[f"log of {name} before its restart"] = kubectl(
            "-n", OPERATOR, "logs", name, "--all-containers", "--previous", must=False)
    audit = os.path.join(os.path.dirname(os.environ.get("KUBECONFIG", "")), "log", "audit.log")
    if os.path.exists(audit):
        with open(audit) as file:
            places["audit log of the API server (requests that do not carry Secrets)"] = file.read()
    for place, text in places.items():
        if keep:
            os.makedirs(keep, exist_ok=True)
            with open(os.path.join(keep, re.sub(r"\W+", "-", place) + ".txt"), "w") as file:
                file.write(text)
        found = sorted({what for what, secret in secrets.items() for form in forms(secret) if form in text})
        if text:
            check(f"{place}: {len(text)} characters, no key", f"found: {', '.join(found)}" if found else None)
    print(f"        searched {sum(map(bool, places.values()))} places for {len(secrets)} secrets in 4 forms each")


def record(rotated):
    title("The audit")
    end = time.monotonic() + 60                             # the last line is written right after the end
    while True:
        maps = get("configmaps")["items"]
        found = kubectl("-n", NAMESPACE, "get", "keyrotation", ROTATION, "-o", "json", must=False)
        history = json.loads(found or "{}").get("status", {}).get("history", [])
        lines = chain.lines(maps, ROTATION)
        untold = chain.untold(lines, history)
        if not untold or time.monotonic() > end:
            break
        time.sleep(1)
    check(f"its {len(lines)} lines tell begin and end of each rotation in the history",
          f"missing: {', '.join(untold)}" if untold else None if history else "there is no history")
    if not lines or not history:
        return
    check("the chain is unbroken", chain.broken(lines))
    check("nothing is told twice", ", ".join(chain.twice(lines)) or None)
    entries = [entry for entry in map(json.loads, lines) if entry.get("rotation") == history[0]["id"]]
    begun = [entry for entry in entries if entry["event"] == "Begun"][0]
    check("the last rotation says who asked for it, with what request, and which keys",
          None if begun.get("actor", "").startswith("field manager ") and begun.get("request") == history[0].get("request")
          and sorted(begun["keys"]) == sorted(rotated) and begun["oldKeys"] == history[0]["oldKeys"] else f"it says {begun}")
    steps = [entry["step"] for entry in entries if entry["event"] == "StepBegun"]
    check(f"it tells of {len(steps)} steps, the last of them CloseGrace" if "Master" in rotated else f"it tells of {len(steps)} steps",
          None if steps and steps[-1] == ("CloseGrace" if "Master" in rotated else "Verify") else f"steps: {steps}")
    owned = [one["metadata"]["name"] for one in chain.parts(maps, ROTATION) if one["metadata"].get("ownerReferences")]
    check("no garbage collection removes it", f"owned: {owned}" if owned else None)


def privileges():
    log = os.path.join(os.path.dirname(os.environ.get("KUBECONFIG", "")), "log", "audit.log")
    if os.path.exists(log):
        title("What the operator asked of the API server")
        with open(log) as file:
            for what, wrong in audit.problems(file):
                check(what, wrong)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("--keys", default="Master,Salt")
    parser.add_argument("--restored", type=lambda path: json.loads(pathlib.Path(path).read_text()))
    parser.add_argument("--places")
    options = parser.parse_args()
    with open(os.path.join(options.state, "before.json")) as file:
        before = json.load(file)
    status_of_rotation("RolledBack" if options.restored else "Succeeded")
    rotated = options.keys.split(",")
    master, salt = keys(before, rotated, options.restored)
    requests(before, master)
    ciphertexts(options.state, before, salt, rotated)
    record(rotated)
    leaks(options.state, before, master, salt, options.places)
    privileges()
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
