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

count() { # file: adds its last line, "N passed, N failed"
  local its_passed=0 its_failed=1
  read -r its_passed _ its_failed _ < <(tail -n 1 "$1") || :
  passed=$((passed + its_passed)) failed=$((failed + its_failed))
}

prove() { # name; keys, if not both: the proof of their rotation
  python3 "$e2e/prove.py" "$work/state" --keys "${2:-Master,Salt}" --places "$logs/searched-$1" | tee "$logs/proof-$1.txt" || :
  count "$logs/proof-$1.txt"
}

follow() { # text: until the rotation ends, which has to be a success
  local result=0
  python3 "$e2e/follow.py" 900 || result=$?
  checked "$1" "$result"
}

# What the rows of LiteLLM's database have to say after a rotation: what they say now.
snapshot() {
  (umask 077
    kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/oracle.py snapshot <"$work/state/before.json" >"$work/state/snapshot.json")
}

ended_in_mode() { [ "$(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.history[0].mode}')" = "$1" ]; }

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
