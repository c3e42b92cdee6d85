#!/usr/bin/env bash
# leak.sh VERSION  end-to-end test: the master key of a real LiteLLM, whose replicas share their cache of keys through Redis, has leaked.
# Whoever has it opens a dashboard session and makes a key with admin rights. Then
#   - a rotation with reason Compromised must end the old key on each pod and in Redis, end the session, and tell of the admin key;
#   - a rotation of both keys with Drain and a grace of a minute must take both master keys for that long, and then only the new one.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:?which version of LiteLLM?}
. "$(dirname "$0")/test.sh"
export REDIS=1

in_toolbox() { kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/leak.py "$1"; }

# What leak.py is asked: before.json, the pods of now, and what `use` made.
questions() {
  kubectl -n ai get pods -l app=litellm -o json | python3 -c '
import json, sys
pods = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in json.load(sys.stdin)["items"] if "deletionTimestamp" not in pod["metadata"]}
print(json.dumps({"pods": pods, **{k: v for f in sys.argv[1:] for k, v in json.load(open(f)).items()}}))' "$@"
}

history() { kubectl -n ai get keyrotation litellm -o "jsonpath={.status.history[0]$1}"; }

echo "A leaked master key, with LiteLLM $version and Redis"
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
start_operator

(umask 077
  questions "$work/state/before.json" | in_toolbox use >"$work/state/made.json")
check "Redis holds the leaked key before" grep '"cached": true' "$work/state/made.json"
cp -p "$work/state/before.json" "$work/state/leaked.json"

echo "Compromised"
start_prober
kubectl patch --local -f "$project/examples/keyrotation.yaml" --type=merge -o yaml -p '{"spec": {"keys": ["Master"], "gracePeriod": "1h",
  "redis": {"urlFrom": {"secretKeyRef": {"name": "redis-url", "key": "url"}}},
  "rotate": {"request": "incident", "reason": "Compromised"}}}' | kubectl apply -f -
follow "the rotation succeeds"
echo "Meanwhile, chat completions through the Service:"
stop_prober
result=0
questions "$work/state/leaked.json" "$work/state/made.json" | in_toolbox ended >"$logs/ended.txt" || result=$?
sed 's/^/  /' "$logs/ended.txt"
passed=$((passed + $(grep -c '^ok' "$logs/ended.txt"))) failed=$((failed + $(grep -c '^FAIL' "$logs/ended.txt" || :)))
[ "$result" -le 1 ] && [ -s "$logs/ended.txt" ] || checked "what is over could be asked" 1
check "the status tells of the ended session" [ "$(history .compromise.sessionsEnded)" -ge 1 ]
check "… and of the admin key that was made meanwhile" grep -w backdoor <<<"$(history '.compromise.newest[*].name')"

echo "Drain, with a grace of a minute"
remember_keys
snapshot
in_toolbox overlap <"$work/state/before.json" >"$logs/overlap.json" &
overlap=$!
kubectl -n ai patch keyrotation litellm --type=merge -p '{"spec": {"keys": ["Master", "Salt"], "strategy": "Drain", "gracePeriod": "1m",
  "rotate": {"request": "second", "reason": "Routine"}}}' >/dev/null
follow "the rotation succeeds"
kubectl -n ai exec deployment/toolbox -- touch /tmp/overlap.stop
wait "$overlap" || :
both=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["both_seconds"])' "$logs/overlap.json")
# From the restart on, so a little longer than the grace; LiteLLM forgets an expired key at once.
check "both master keys were taken for $both s after the restart" awk -v both="$both" 'BEGIN { exit !(both >= 60 && both <= 180) }'
check "a random key never was" grep '"random_accepted": 0' "$logs/overlap.json"
prove second Master,Salt

finish
