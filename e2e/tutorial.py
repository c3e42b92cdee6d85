"""tutorial.py PAGE DIRECTORY [NAME=VALUE...] [--after HEADING COMMAND]...   does what a tutorial says, and compares what it shows

All blocks marked `sh` are typed into one bash, in their order, in DIRECTORY, with the variables that the page sets in blocks that are
marked `sh not run`: those are only named. A block `text` after one says what is seen: its lines have to come in that order, a `…`
in them stands for anything, and others may come between. --after: COMMAND, when the blocks below HEADING have been run. One line a
block, "ok" or "FAIL"; the first failure ends it; the last line is `N passed, N failed`.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import threading

import pages

LONGEST = 900                                               # seconds for one block
# Commands come by a pipe of their own, each up to a NUL, and so do the ends of outputs: what is run cannot read them by mistake.
SHELL = r"""set -euo pipefail
while IFS= read -r -d '' commands <&{0}; do eval "$commands" </dev/null 2>&1; printf '\0'; done"""


class Reader:
    """The shell of somebody who reads the page."""

    def __init__(self, directory, variables):
        theirs, self.keyboard = os.pipe()
        self.shell = subprocess.Popen(["bash", "-c", SHELL.replace("{0}", str(theirs))], cwd=directory, env=os.environ | variables,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=[theirs])
        os.close(theirs)

    def types(self, commands):
        """What is seen, and whether all of it worked."""
        os.write(self.keyboard, commands.encode() + b"\0")
        timer = threading.Timer(LONGEST, self.shell.kill)
        timer.start()
        seen = bytearray()
        while (byte := self.shell.stdout.read(1)) not in (b"", b"\0"):
            seen += byte
        timer.cancel()
        return seen.decode(errors="replace"), byte == b"\0"


def words(line):
    return " ".join(line.split())


def unseen(expected, seen):
    """The first of the expected lines that does not come, in this order; None if all do."""
    lines = map(words, seen.splitlines())
    for wanted in map(words, expected.splitlines()):
        pattern = re.escape(wanted).replace("…", ".*")
        if wanted not in ("", "…") and not any(re.fullmatch(pattern, line) for line in lines):
            return wanted
    return None


def indented(text):
    return "".join(f"\n        {line}" for line in text.strip().splitlines())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("directory")
    parser.add_argument("variables", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--after", nargs=2, action="append", default=[])
    options = parser.parse_args()
    blocks = pages.blocks(options.page.read_text())
    after = dict(options.after)
    if missing := after.keys() - {block.heading for block in blocks}:
        sys.exit(f"no commands below: {', '.join(missing)}")
    reader = Reader(options.directory, dict(pair.split("=", 1) for pair in options.variables))
    passed = failed = 0
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        what = f"{block.heading}: {block.text.splitlines()[0]}"
        if block.language == "sh" and block.mark == "not run":
            print(f"  --    not run here: {what}", flush=True)
        elif block.language == "sh":
            seen, worked = reader.types(block.text)
            expected = following.text if following and following.language == "text" else ""
            lacking = unseen(expected, seen)
            if not worked or lacking:
                print(f"  FAIL  {what}: {'it does not show: ' + lacking if worked else 'a command failed'}{indented(seen)}", flush=True)
                failed += 1
                break
            print(f"  ok    {what}{indented(seen)}", flush=True)
            passed += 1
        if block.heading in after and (following is None or following.heading != block.heading):
            subprocess.run(["bash", "-c", after[block.heading]])
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
