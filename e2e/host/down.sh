#!/usr/bin/env bash
# down.sh DIRECTORY  ends the host that boot.sh made there.
set -euo pipefail
directory=$1
[ -e "$directory/pid" ] || exit 0
pid=$(cat "$directory/pid")
kill -KILL "$pid" 2>/dev/null || :
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
rm -f "$directory/pid"
# The kernel removes no cgroup by itself.
export directory
unshare --mount bash -euc '
  mount -t cgroup2 cgroup2 "$directory/cgroup"
  find "$directory/cgroup/$(cat "$directory/cgroup.name")" -depth -type d -exec rmdir {} + 2>/dev/null' || :
