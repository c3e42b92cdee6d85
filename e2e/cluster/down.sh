#!/usr/bin/env bash
# down.sh  ends the cluster that up.sh started in CLUSTER_RUN, and removes all that it made except logs kept elsewhere.
set -uo pipefail
. "$(dirname "$0")/../lib.sh"
run=${CLUSTER_RUN:-$cache/run/cluster}
[ -e "$run/pid" ] || exit 0
kill "$(cat "$run/forward.pid")" 2>/dev/null
# The first process in the process namespace: the kernel ends all others, pods included, with it.
kill -KILL "$(cat "$run/node.pid")" 2>/dev/null
while kill -0 "$(cat "$run/pid")" 2>/dev/null; do sleep 0.05; done
# cgroup v1 has one tree for each controller, v2 has one for all.
for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ ! -d "$tree/$(cat "$run/cgroup")" ] || find "$tree/$(cat "$run/cgroup")" -depth -type d -exec rmdir {} \; 2>/dev/null
done
rm -rf "$run"
exit 0
