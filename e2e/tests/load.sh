#!/usr/bin/env bash
# load.sh VERSION  end-to-end test: a real LiteLLM of that version with three replicas is under steady load all the time, while
#   - its Deployment is restarted by `kubectl rollout restart`, for comparison,
#   - the master key alone is rotated, the salt key alone, and both.
# No request may fail, each rotation must be proved (prove.py), and all pods must be verified on the new keys within 1.25 times as
# long as the restart took, and 10 s more. Both are counted until the last old pod has ended. What follows, the end of the old
# master key, is not the rotation's to hurry: a pod that was asked with it remembers it for up to a minute.
# At last the runbook of old is followed (runbook.sh): it must lose data, and the proof must see it.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:?which version of LiteLLM?}
. "$(dirname "$0")/test.sh"

# The resource is made before the first rotation, and asks for none.
rotate() { # request, keys as JSON
  kubectl -n ai patch keyrotation litellm --type=merge -p "{\"spec\": {\"keys\": $2, \"rotate\": {\"request\": \"$1\"}}}" >/dev/null || return 1
  python3 "$e2e/follow.py" 900 | tee "$work/followed"
}

rotation() { # name, keys, mode that is expected
  local result=0 json began=$EPOCHREALTIME
  echo "A rotation of $1"
  json="[\"${2//,/\", \"}\"]"
  phase "rotation of $1"
  rotate "$1" "$json" || result=$?
  checked "the rotation of $1 succeeds" "$result"
  times+=("$1=$(verified)")
  say "the rotation of $1: all pods verified after $(verified) s, ended after $(since "$began") s"
  check "… in mode $3" ended_in_mode "$3"
  phase "proof of the rotation of $1"
  prove "${1// /-}" "$2"
  remember_keys
}

echo "Load test with LiteLLM $version"
# `make test` has built the operator just before.
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
REPLICAS=3 "$e2e/litellm/deploy.sh" "$version" "$work/state"
start_operator
kubectl patch --local -f "$project/examples/keyrotation.yaml" --type=merge -p '{"spec": {"rotate": null}}' -o yaml | kubectl apply -f - >/dev/null

start_load
phase "nothing else"
sleep 10                     # what a request takes when nothing happens
snapshot                     # the administrators have saved a key by now
echo "kubectl rollout restart"
phase "kubectl rollout restart"
began=$EPOCHREALTIME
restart 3
restarted=$(since "$began")
say "kubectl rollout restart took $restarted s, until the last old pod had ended"
times=()
rotation "the master key" Master Rolling
rotation "the salt key" Salt Fenced
rotation "both keys" Master,Salt Fenced
phase "the end"
sleep 35                     # LiteLLM reads the database anew twice a minute: what it cannot read would break a request now
stop_load

say_load
echo "Times, in seconds: kubectl rollout restart $restarted"
for pair in "${times[@]}"; do
  result=0
  verdict=$(awk -v restart="$restarted" -v rotation="${pair#*=}" 'BEGIN {
    printf "%s s, %.2f times the restart; at most 1.25 times and 10 s: %.1f s", rotation, rotation / restart, 1.25 * restart + 10
    exit rotation > 1.25 * restart + 10 }') || result=$?
  checked "rotation of ${pair%%=*}: $verdict" "$result"
done

"$here/runbook.sh" "$work/state" | tee "$logs/runbook.txt" || :
count "$logs/runbook.txt"

finish
