# shellcheck shell=bash
# test.sh  what the end-to-end tests in a cluster share. Sourced by them, never run. It makes the run's directories, ends all that was
# started when the script ends, and counts checks; `finish` prints them and fails if one did.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
need_root "the end-to-end test"
passed=0 failed=0

checked() { # text, exit code: counts one check
  if [ "$2" = 0 ]; then passed=$((passed + 1)); echo "  ok    $1"; else failed=$((failed + 1)); echo "  FAIL  $1"; fi
}

# check TEXT COMMAND...  whether the command succeeds.
check() {
  local text=$1 result=0
  shift
  "$@" >/dev/null || result=$?
  checked "$text" "$result"
}

count() { # file: adds its last line, "N passed, N failed"; without one a failure
  local its_passed its_failed
  read -r its_passed _ its_failed _ < <(tail -n 1 "$1") || :
  passed=$((passed + ${its_passed:-0})) failed=$((failed + ${its_failed:-1}))
}

prove() { # name; keys, if not both: the proof of their rotation
  python3 "$e2e/prove.py" "$work/state" --keys "${2:-Master,Salt}" --places "$logs/searched-$1" | tee "$logs/proof-$1.txt" || :
  count "$logs/proof-$1.txt"
}

follow() { # text: until the rotation ends, which has to be a success
  local result=0
  python3 "$e2e/follow.py" 900 | tee "$work/followed" || result=$?
  checked "$1" "$result"
}

# What the rows of LiteLLM's database have to say after a rotation: what they say now.
snapshot() {
  (umask 077
    kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/oracle.py snapshot <"$work/state/before.json" >"$work/state/snapshot.json")
}

ended_in_mode() { [ "$(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.history[0].mode}')" = "$1" ]; }

# The load: clients and administrators (load.py) that ask LiteLLM through the Service. `phase` names what happens from now on.
phase() { echo "$1 $EPOCHREALTIME" >>"$logs/phases"; }

since() { # time, in seconds since 1970
  awk -v begin="$1" -v now="$EPOCHREALTIME" 'BEGIN { printf "%.1f", now - begin }'
}

start_load() {
  kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/load.py run <"$work/state/before.json" >"$logs/answers.json" 2>"$logs/load.log" &
  load=$!
  wait_for 240 "right answers to all kinds of requests" kubectl -n ai exec deployment/toolbox -- test -e /tmp/load.started
}

stop_load() {
  kubectl -n ai exec deployment/toolbox -- touch /tmp/load.stop
  wait "$load" || :
}

say_load() {
  local result=0
  echo "Requests meanwhile, LiteLLM ${version:?}, $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg) at the end"
  python3 "$e2e/litellm/load.py" show "$logs/answers.json" "$logs/phases" | tee "$logs/requests.txt" || result=$?
  checked "no request failed" "$result"
}

# What a rotation is compared with.
restart() { # replicas
  kubectl -n ai rollout restart deployment/litellm >/dev/null
  kubectl -n ai rollout status deployment/litellm --timeout=900s >/dev/null
  wait_for 120 "the end of the last old pod" only_so_many_pods "$1"
}

only_so_many_pods() { [ "$(kubectl -n ai get pods -l app=litellm -o name | wc -l)" = "$1" ]; }

# Until the step after Verify, or the end if there is none.
verified() { awk '$3 == "step" && $4 == "CloseGrace" || $3 == "rotation" { print $1; exit }' "$work/followed"; }

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  stop_preparing
  save_logs
  [ "$result" = 0 ] || show_failure
  "$e2e/cluster/down.sh"
  rm -rf "$work"
  exit "$result"
}

new_run "$(basename "$0" .sh)-${version:?}"
export CLUSTER_OWNER=$$
trap clean_up EXIT
trap 'exit 130' INT TERM
