#!/usr/bin/env bash
# down.sh DIRECTORY  ends the host that boot.sh made there.
set -euo pipefail
directory=$1
[ -e "$directory/pid" ] || exit 0
pid=$(cat "$directory/pid")
kill -KILL "$pid" 2>/dev/null || :
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
rm -f "$directory/pid"
# The kernel removes no cgroup by itself, and none of a process that is still about to end.
export directory
unshare --mount bash -uc '
  mount -t cgroup2 cgroup2 "$directory/cgroup"
  for _ in {1..50}; do
    find "$directory/cgroup/$(cat "$directory/cgroup.name")" -depth -type d -exec rmdir {} + 2>/dev/null && break
    sleep 0.1
  done'
