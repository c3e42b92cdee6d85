"""hosts.py  hosts of the rig as prove.py and damage.py see them"""
import base64
import json
import os
import re
import shlex
import subprocess

E2E = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = "/home/litellm/.007"
MASTER, SALT = "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"
MIRRORS = ["LITELLM_SMOKE_TEST_KEY", "LITELLM_HEALTH_API_KEY", "LITELLM_PROXY_API_KEY"]


class Host:
    def __init__(self, name, pid):
        self.name, self.pid = name, pid
        self.root = f"/proc/{pid}/root"

    def run(self, *command, stdin=None):
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--all", "--wd=/", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command],
            input=stdin, capture_output=True, text=True, timeout=300)

    def ask(self, script, *arguments, questions):
        """Runs a script of ../litellm there, with LiteLLM's Python; what it asks with travels by standard input."""
        program = 'set -a; . /etc/rig.env; . /etc/litellm/database.env; LITELLM_URL=http://127.0.0.1:4000; exec python "$@"'
        return self.run("bash", "-euc", program, "ask", os.path.join(E2E, "litellm", script), *arguments,
                        stdin=json.dumps(questions))


def variables(text):
    """The last value of each variable, as a shell reads it."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"(?:export\s+)?(\w+)=(.*)", line)
        if match:
            found[match[1]] = (shlex.split(match[2], comments=True) or [""])[0]
    return found


def forms(secret):
    """How a secret might be written down."""
    raw = secret.encode()
    yield secret
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield raw.hex()
