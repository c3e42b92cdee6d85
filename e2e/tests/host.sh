#!/usr/bin/env bash
# host.sh  end-to-end tests on hosts with a real systemd, sshd and PostgreSQL: rotations by the command, and each fault that
# can meet one. Each must end exactly on the new keys or exactly on the old ones, as prove.py finds out with LiteLLM's functions;
# on the old ones, the env file must be byte by byte what it was.
#   on the host itself, with a real LiteLLM
#   on it and from another machine over SSH, with standin.py in place of LiteLLM, on the data that the real one made
#   at last over SSH with a real LiteLLM on both hosts
#   ONLY=PATTERN  only the cases whose name matches (a bash pattern)
# The last line says `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
. "$here/../host/rig.sh"
. "$here/../host/run.sh"
need_root "the end-to-end test on hosts"
passed=0 failed=0

checked() { # text, exit code: counts one check
  if [ "$2" = 0 ]; then passed=$((passed + 1)); echo "  ok    $1"; else failed=$((failed + 1)); echo "  FAIL  $1"; fi
}

# check TEXT COMMAND...  whether the command succeeds.
check() {
  local text=$1 result=0
  shift
  "$@" >"$work/check.log" 2>&1 || result=$?
  checked "$text" "$result"
  [ "$result" = 0 ] || tail -n 5 "$work/check.log" | cut -c 1-300
}

proved() { # command host, options of prove.py: counts as one check
  local result=0
  prove "$@" --brief || result=$?
  checked "the proof holds" "$result"
}

in_use() { [ "$(cat "$work/state/in-use")" = "$1" ]; }
unchanged() { on "$1" cat "$FILE" | cmp - "$work/state/file-$1"; }

# rotate NAME VERB...  runs the command to its end, and keeps its output for the search for keys. Its exit code goes to `code`.
rotate() {
  local name=$1
  shift
  code=0
  echo "--- $*" >>"$work/state/output.txt"
  keyrotation "$name" "$@" -f /etc/keyrotation.yaml >>"$work/state/output.txt" 2>&1 || code=$?
}

ended() { # text, exit codes that are right
  case " $2 " in *" $code "*) checked "$1 (exit code $code)" 0 ;; *) checked "$1 (exit code $code, not $2)" 1; tail -n 5 "$work/state/output.txt" ;; esac
}

# case_of NAME  whether this case is wanted; then everything is as it was before the first rotation, and the stand-in runs.
case_of() {
  # shellcheck disable=SC2254  # a pattern is meant
  case $1 in ${ONLY:-*}) ;; *) return 1 ;; esac
  printf '%s  (after %d s)\n' "$1" "$((EPOCHSECONDS - KEYROTATION_STARTED))"
  local each
  for each in $PROVED; do
    on "$each" systemctl stop litellm
    on "$each" bash -c 'rm -rf /etc/systemd/system/litellm.service.d /run/fault /home/litellm/.007.keyrotation-* /home/litellm/..007.*'
    on "$each" mkdir /run/fault
    put "$each" "$FILE" litellm:litellm 600 <"$work/state/file-$each"
  done
  rm -f "$work"/state/output.txt "$work"/state/processes.jsonl
  on "$commander" rm -rf /var/lib/keyrotation
  resource "$commander" "$work/resource.yaml"
  sql alpha postgres -c "drop database if exists litellm with (force)" -c "create database litellm owner litellm template seeded"
  for each in $PROVED; do start_litellm "$each" 60; done
}

drop_in() { # host; lines of [Service] on standard input
  { echo "[Service]"; cat; } | on "$1" bash -c 'mkdir -p /etc/systemd/system/litellm.service.d; cat >/etc/systemd/system/litellm.service.d/test.conf'
  on "$1" systemctl daemon-reload
}

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  [ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null
  save_host_logs
  [ ! -e "$work/state/output.txt" ] || cp "$work/state/output.txt" "$logs/"
  [ "$result" = 0 ] || say "it failed; logs: $logs"
  hosts_down
  rm -rf "$work"
  exit "$result"
}

new_host_run test-host
trap clean_up EXIT
trap 'exit 130' INT TERM

echo "End-to-end test on a host: real systemd, LiteLLM ${VERSION:-1.108.4}, PostgreSQL"
prepare_hosts "${VERSION:-1.108.4}"
SKIP_BUILD=1 build_operator
new_host alpha
boot alpha
fill_host alpha
copy_data alpha
environment_file "$work/state/keys.json" >"$work/state/file-alpha"
export PROVED=alpha
commander=alpha
cp "$e2e/host/local.yaml" "$work/resource.yaml"
resource alpha "$work/resource.yaml"
keep_classes alpha

if [[ ${ONLY:-local} == local* ]]; then
  echo "On the host itself, with the real LiteLLM"
  # A proof that cannot fail proves nothing.
  result=0
  prove alpha --expect new >"$logs/proof-before.txt" || result=$?
  checked "the proof notices that nothing was rotated yet" $((result == 0))
  rotate alpha plan
  ended "plan finds nothing that blocks" 0
  check "plan changes nothing" unchanged alpha
  watch_processes
  rotate alpha run
  stop_watching
  ended "the rotation succeeds" 0
  result=0
  prove alpha --expect new | tee "$logs/proof.txt" || :
  read -r more_passed _ more_failed _ < <(tail -n 1 "$logs/proof.txt") || :
  passed=$((passed + more_passed)) failed=$((failed + more_failed))
fi

echo "Faults, with the stand-in for LiteLLM on the same data"
use_proxy alpha standin
sql alpha postgres -c "drop database litellm with (force)" -c "create database seeded owner litellm"
sql alpha seeded <"$work/state/dump.sql" >/dev/null
. "$here/../host/faults.sh"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
