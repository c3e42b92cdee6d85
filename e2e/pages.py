"""pages.py   reads the commands of a page of the documentation, and runs them as a person would"""
import re
import subprocess
from typing import NamedTuple

PART = re.compile(r"^#+ +(?P<heading>[^\n]*)$|^(?P<indent> *)```(?P<language>\w+)(?: (?P<mark>[^\n]*))?\n(?P<text>.*?)^ *```$",
                  re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: ```language mark."""
    heading: str
    language: str
    mark: str
    text: str


def blocks(page):
    """The blocks of the page in their order, each with the heading above it; those in lists without their indent."""
    found, heading = [], ""
    for part in PART.finditer(page):
        if part["language"] is None:
            heading = part["heading"].strip()
        else:
            text = re.sub(f"^{part['indent']}", "", part["text"], flags=re.MULTILINE)
            found.append(Block(heading, part["language"], part["mark"] or "", text))
    return found


def run(commands, environment, directory=None, timeout=120):
    """What bash said when it had run them, up to the first that failed."""
    return subprocess.run(["bash", "-c", "set -euo pipefail\n" + commands], cwd=directory, env=environment, capture_output=True,
                          text=True, timeout=timeout)
