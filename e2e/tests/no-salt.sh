#!/usr/bin/env bash
# no-salt.sh VERSION  end-to-end test: a real LiteLLM without a salt key, whose master key encrypts what it stores. Under load, of
# which no request may fail,
#   - its master key is rotated, which re-encrypts all of that; there still is no salt key afterwards;
#   - then both are rotated, which gives it a salt key, in one restart.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:?which version of LiteLLM?}
. "$(dirname "$0")/test.sh"
export NO_SALT=1

echo "No salt key, with LiteLLM $version"
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
start_operator

start_load
snapshot
echo "The master key"
phase "rotation of the master key"
kubectl patch --local -f "$project/examples/keyrotation.yaml" --type=merge -o yaml -p '{"spec": {"keys": ["Master"]}}' | kubectl apply -f -
follow "the rotation succeeds"
check "… and old pods were fenced meanwhile" ended_in_mode Fenced
phase "proof"
prove first Master

echo "A salt key where there was none"
remember_keys
phase "a salt key where there was none"
kubectl -n ai patch keyrotation litellm --type=merge -p '{"spec": {"keys": ["Master", "Salt"], "rotate": {"request": "second"}}}' >/dev/null
follow "the rotation succeeds"
check "… and old pods were fenced meanwhile" ended_in_mode Fenced
phase "proof of the salt key"
prove second Master,Salt
stop_load
say_load

finish
