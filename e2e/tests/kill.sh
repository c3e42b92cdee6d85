#!/usr/bin/env bash
# kill.sh [--long | --singly | --drills] [--only PATTERN]  the kill matrix: an operator is killed at each of its writes, and what it stands on is broken;
# each rotation must end exactly on the old or exactly on the new keys. Real API server, pods and PostgreSQL with LiteLLM's schema;
# a stand-in for the proxy (kill/standin.py); judged by LiteLLM's own functions. The last line says `N passed, N failed`.
# Without options, or with --drills alone: the drills of docs/disaster-recovery.md (kill/drills.py).
# KEEP=1 leaves everything running at the end and says how to run cases again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
. "$here/../kill/rig.sh"
version=${LITELLM_VERSION:-1.108.4}
need_root "the kill matrix"

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  [ -z "${matrix:-}" ] || kill "$matrix" 2>/dev/null
  stop_preparing
  save_logs
  [ "$result" = 0 ] || say "it failed; all logs: $logs"
  if [ -n "${KEEP:-}" ] && [ -n "${again:-}" ]; then
    printf 'KEEP=1: it is still running. Once more:\n  %s\nTo end it:\n  CLUSTER_RUN=%s %s; rm -rf %s\n' \
      "$again" "$CLUSTER_RUN" "$e2e/cluster/down.sh" "$work" >&2
    exit "$result"
  fi
  "$e2e/cluster/down.sh"
  rm -rf "$work"
  exit "$result"
}

new_run kill
[ -n "${KEEP:-}" ] || export CLUSTER_OWNER=$$
trap clean_up EXIT
trap 'exit 130' INT TERM
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
litellm=$("$e2e/parts/litellm.sh" "$version")
jdk=$("$e2e/parts/jdk.sh")
pgbouncer=$("$e2e/parts/pgbouncer.sh")
superuser=$(random) password=$(random)
busy "PostgreSQL with LiteLLM's schema, the operator's rights" "$logs/deploy.log" deploy
train "$jdk"
settings
in_cluster=(nsenter --net --target "$(cat "$CLUSTER_RUN/node.pid")")
"${in_cluster[@]}" "$litellm/venv/bin/python" "$e2e/kill/matrix.py" "$work/settings.json" --fill
sed "s|@LITELLM_IMAGE@|localhost/litellm:$version|" "$e2e/kill/standin.yaml" | kubectl apply --server-side -f - >/dev/null
busy "the stand-in proxy starts" "$logs/standin.log" kubectl -n ai rollout status deployment/litellm --timeout=180s
rig=("${in_cluster[@]}" "$litellm/venv/bin/python")
judge() { # program, options
  "${rig[@]}" "$e2e/kill/$1" "$work/settings.json" "${@:2}" &
  matrix=$!
  wait "$matrix"
}
if [ "${1:-}" = --drills ]; then
  shift
  again="${rig[*]} $e2e/kill/drills.py $work/settings.json $*"
  judge drills.py "$@"
else
  again="${rig[*]} $e2e/kill/matrix.py $work/settings.json $*"
  judge matrix.py "$@"
  [ $# -gt 0 ] || judge drills.py
fi
