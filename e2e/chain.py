"""chain.py   judges the audit that the operator keeps in ConfigMaps; none of the operator's code

Each line carries the SHA-256 of what stands before its own `,"hash":`, and the hash of the line before it; the first names 64 zeros.
"""
import hashlib
import json
import re
from collections import Counter

ENTRY = "audit.jsonl"
# What may be told once only of one rotation, by event: the fields that tell two of them apart.
ONCE = {"Begun": (), "StepBegun": ("direction", "step"), "RollBackBegun": (), "Ended": ("result",), "Retired": (), "SoakPassed": ()}


def parts(maps, name):
    """The ConfigMaps of the KeyRotation of that name, in their order."""
    found = {}
    for one in maps:
        match = re.fullmatch(re.escape(name) + r"-audit(?:-(\d+))?", one["metadata"]["name"])
        if match:
            found[int(match[1] or 1)] = one
    return [found[number] for number in sorted(found)]


def lines(maps, name):
    return [line for one in parts(maps, name) for line in one["data"][ENTRY].splitlines()]


def broken(lines):
    """The first line that does not fit, or None."""
    previous = "0" * 64
    for number, line in enumerate(lines, 1):
        body, _, end = line.rpartition(',"hash":"')
        entry = json.loads(line)
        if (hashlib.sha256(body.encode()).hexdigest() != end[:-2] or entry["previous"] != previous or entry["seq"] != number):
            return f"line {number} does not fit: {line[:200]}"
        previous = entry["hash"]
    return None


def twice(lines):
    """What is told more than once of one rotation. One whose status was lost and rebuilt goes on from there, and tells it again."""
    counts, found = Counter(), []
    for entry in map(json.loads, lines):
        rotation = entry.get("rotation")
        if entry["event"] == "StatusRebuilt":
            counts = Counter({what: count for what, count in counts.items() if what[1] != rotation})
        elif entry["event"] in ONCE:
            what = entry["event"], rotation, *(entry[field] for field in ONCE[entry["event"]])
            counts[what] += 1
            if counts[what] == 2:
                found.append(" ".join(map(str, what)))
    return found


def untold(lines, history):
    """Begins and ends of the status's history that no line tells of."""
    told = {(entry["event"], entry.get("rotation"), entry.get("result")) for entry in map(json.loads, lines)}
    return [f"{event} of {one['id']}" for one in history for event, result in (("Begun", None), ("Ended", one["result"]))
            if (event, one["id"], result) not in told]
