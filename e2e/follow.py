"""follow.py [SECONDS]   prints how a rotation goes on, as it goes: steps, counts, conditions and events of the KeyRotation

Ends with 0 when the requested rotation succeeded; with 1 when it ended otherwise, when it needs help (Stalled for two minutes) or when
SECONDS (default 900) are over. Only prints what changes.
"""
import json
import subprocess
import sys
import time

NAMESPACE, NAME = "ai", "litellm"
PATIENCE = 120  # seconds
begin = time.monotonic()
shown = {}


def line(text):
    print(f"  {time.monotonic() - begin:6.1f} s  {text}", flush=True)


def changed(what, value):
    """Whether the value is another one than was shown last."""
    if shown.get(what) == value:
        return False
    shown[what] = value
    return True


def get(*arguments):
    done = subprocess.run(["kubectl", "-n", NAMESPACE, "get", *arguments, "-o", "json"], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else None


def events():
    found = get("events", "--field-selector", "involvedObject.kind=KeyRotation") or {"items": []}
    for event in sorted(found["items"], key=lambda e: e["metadata"]["creationTimestamp"]):
        times = event.get("count") or (event.get("series") or {}).get("count") or 1
        if changed(("event", event["metadata"]["uid"]), times):
            line(f"event      {event['type']} {event['reason']}: {event.get('message') or event.get('note', '')}")


def follow(limit):
    stalled_since = None
    while time.monotonic() - begin < limit:
        resource = get("keyrotation", NAME)
        if resource is None:
            time.sleep(1)
            continue
        status = resource.get("status", {})
        conditions = {c["type"]: c for c in status.get("conditions", [])}
        rotation = status.get("rotation")
        if rotation and changed("step", (rotation.get("direction"), rotation.get("step"))):
            line(f"step       {rotation.get('step')} ({rotation.get('direction')}, revision {rotation.get('revision')})")
        progress = (rotation or {}).get("progress")
        if progress and changed("progress", progress):
            line(f"             {progress.get('done')} of {progress.get('total')} {progress.get('unit')}")
        for kind, condition in conditions.items():
            # Not for each new message: what moves in it is shown as steps and counts.
            if changed(("condition", kind), (condition["status"], condition["reason"])):
                line(f"condition  {kind}={condition['status']} {condition['reason']}: {condition['message']}")
        events()
        wanted = resource["spec"].get("rotate", {}).get("request")
        if rotation is None and status.get("handledRequest") == wanted and status.get("history"):
            last = status["history"][0]
            line(f"rotation   {last['id']} {last['result']}, {json.dumps(last.get('data', {}))}")
            return last["result"] == "Succeeded"
        # A finding of preflight may pass by itself (pods that are not settled yet); one that stays needs help.
        if conditions.get("Stalled", {}).get("status") != "True":
            stalled_since = None
        elif stalled_since is None:
            stalled_since = time.monotonic()
        elif time.monotonic() - stalled_since > PATIENCE:
            return False
        time.sleep(1)
    line("the time is over")
    return False


if __name__ == "__main__":
    sys.exit(not follow(float(sys.argv[1]) if len(sys.argv) > 1 else 900))
