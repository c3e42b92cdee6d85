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

restart() {
  kubectl -n ai rollout restart deployment/litellm >/dev/null
  kubectl -n ai rollout status deployment/litellm --timeout=900s >/dev/null
  wait_for 120 "the end of the last old pod" only_three_pods
}

only_three_pods() { [ "$(kubectl -n ai get pods -l app=litellm -o name | wc -l)" = 3 ]; }

# The resource is made before the first rotation, and asks for none.
rotate() { # request, keys as JSON
  kubectl -n ai patch keyrotation litellm --type=merge -p "{\"spec\": {\"keys\": $2, \"rotate\": {\"request\": \"$1\"}}}" >/dev/null || return 1
  python3 "$e2e/follow.py" 900 | tee "$work/followed"
}

# Until the step after Verify, or the end if there is none.
verified() { awk '$3 == "step" && $4 == "CloseGrace" || $3 == "rotation" { print $1; exit }' "$work/followed"; }

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
snapshot                     # the administrators have saved a key by now: it says by whom
echo "kubectl rollout restart"
phase "kubectl rollout restart"
began=$EPOCHREALTIME
restart
restarted=$(since "$began")
say "kubectl rollout restart took $restarted s, until the last old pod had ended"
times=()
rotation "the master key" Master Rolling
rotation "the salt key" Salt Fenced
rotation "both keys" Master,Salt Fenced
phase "the end"
sleep 35                     # LiteLLM reads the database anew twice a minute: what it cannot read would break a request now
stop_load

echo "Requests meanwhile, LiteLLM $version, $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg) at the end"
result=0
python3 "$e2e/litellm/load.py" show "$logs/answers.json" "$logs/phases" | tee "$logs/requests.txt" || result=$?
checked "no request failed" "$result"

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
