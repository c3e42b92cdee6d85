#!/usr/bin/env bash
# marks.sh VERSION  end-to-end test: a real LiteLLM reaches its database through PgBouncer, so that the database sees all pods at one
# address. Under load, of which no request may fail,
#   - a rotation that may not write into the connection URL says that only Drain is possible, and why;
#   - with spec.database.markConnections it tells old pods from new ones by the mark in their URL, and fences them.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:?which version of LiteLLM?}
. "$(dirname "$0")/test.sh"
export POOLER=1

plan() { kubectl -n ai get keyrotation litellm -o "jsonpath={.status.plan$1}"; }
planned() { [ "$(plan .mode)" = "$1" ]; }
url_is_marked() {
  kubectl -n ai get secret litellm-db -o 'jsonpath={.data.DATABASE_URL}' | base64 -d | grep -qE '[?&]application_name=keyrotation-r[0-9]+-'
}

echo "LiteLLM $version behind PgBouncer"
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
start_operator
start_load
snapshot

echo "Without marks"
kubectl patch --local -f "$project/examples/keyrotation.yaml" --type=merge -p '{"spec": {"rotate": null}}' -o yaml | kubectl apply -f - >/dev/null
wait_for 60 "a plan" planned Drain
check "only Drain is possible" planned Drain
check "… and the plan says why" grep -q markConnections <<<"$(kubectl -n ai get keyrotation litellm -o json)"

echo "With marks"
phase "rotation of both keys"
kubectl -n ai patch keyrotation litellm --type=merge \
  -p '{"spec": {"database": {"markConnections": true}, "strategy": "Fenced", "rotate": {"request": "marked"}}}' >/dev/null
follow "the rotation succeeds"
check "… and old pods were fenced meanwhile" ended_in_mode Fenced
check "the URL has a mark" url_is_marked
phase "proof"
prove marked
phase "the end"
stop_load
say_load

finish
