"""runbooks.py PAGES [NAME=VALUE...]   runs the commands of runbook pages against the cluster of KUBECONFIG

Each block marked `sh` in PAGES/*.md is run by bash as a person would, with the variables that the pages use. A block marked
`sh change` changes something: its commands are sent as dry runs, which the API server checks in full. One line a page,
"ok" or "FAIL"; the last line is `N passed, N failed`.
"""
import os
import pathlib
import sys

import pages

DRY = 'kubectl() { command kubectl "$@" --dry-run=server; }\n'


def run(page, environment):
    for block in pages.blocks(page.read_text()):
        if block.language == "sh":
            done = pages.run((DRY if block.mark == "change" else "") + block.text, environment, timeout=60)
            if done.returncode:
                return f"{block.text.strip()}\n{done.stderr.strip()}"
    return None


def main():
    environment = os.environ | dict(pair.split("=", 1) for pair in sys.argv[2:])
    passed = failed = 0
    for page in sorted(pathlib.Path(sys.argv[1]).glob("*.md")):
        problem = run(page, environment)
        print(f"  FAIL  {page.name}: {problem}" if problem else f"  ok    {page.name}", flush=True)
        passed, failed = passed + (not problem), failed + bool(problem)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
