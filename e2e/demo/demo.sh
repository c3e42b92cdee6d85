#!/usr/bin/env bash
# demo.sh  (make demo) rotates the master key and the salt key of a real LiteLLM on a real Kubernetes, and proves it.
#
#   KEEP=1        leaves everything running at the end and says how to look at it
#   VERSION=…     of LiteLLM; the versions in e2e/parts/litellm/locks        (default 1.108.4)
#   CONTEXT=name  uses a cluster that you have (this context of your kubeconfig) instead of starting one. It needs images then:
#                 OPERATOR_IMAGE  keyrotation's, see Dockerfile              (required)
#                 LITELLM_IMAGE   LiteLLM's, with a database                 (required)
#                 POSTGRES_IMAGE  PostgreSQL's                               (default postgres:17)
#                 The demo makes the namespaces `ai` and `keyrotation-system` there, and removes them at the end.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
version=${VERSION:-1.108.4}
finished='' owns_cluster=''

headline() { printf '\n== %s\n' "$*"; }

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  # An answer to Ctrl-C within a second, or people press it again.
  [ "$result" = 0 ] || say "cleaning up"
  stop_preparing
  if [ -n "$owns_cluster" ]; then save_logs; fi
  if [ -z "$finished" ] && [ "$result" != 130 ] && [ -n "$owns_cluster" ]; then show_failure; fi
  if [ -n "$owns_cluster" ] && [ -n "${KEEP:-}" ] && [ "$result" != 130 ]; then
    how_to_look
    exit "$result"
  fi
  if [ -z "${CONTEXT:-}" ]; then
    "$e2e/cluster/down.sh"
  elif [ -n "$owns_cluster" ]; then
    remove_from_context
  fi
  rm -rf "$work"
  [ -z "$owns_cluster" ] || say "everything is removed again; logs are in $logs"
  exit "$result"
}

# The resource first: while it is deleted, the operator still has to be there.
remove_from_context() {
  kubectl -n ai delete --ignore-not-found --timeout=60s keyrotation litellm
  kubectl delete --ignore-not-found --wait=false namespace/ai namespace/keyrotation-system
  kubectl delete --ignore-not-found -f "$project/deploy/crds"
}

how_to_look() {
  cat <<TEXT

KEEP=1: it is still running. To look:
  export KUBECONFIG=$KUBECONFIG PATH=$(dirname "$(command -v kubectl)"):\$PATH
  kubectl -n ai get keyrotations,pods          kubectl -n ai describe keyrotation litellm
  kubectl -n keyrotation-system logs deployment/keyrotation
To rotate once more:
  kubectl -n ai patch keyrotation litellm --type=merge -p '{"spec": {"rotate": {"request": "second"}}}'
To end it:
TEXT
  if [ -n "${CONTEXT:-}" ]; then
    echo "  kubectl -n ai delete keyrotation litellm && kubectl delete namespace ai keyrotation-system"
    echo "  kubectl delete -f $project/deploy/crds; rm -rf $work"
  else
    echo "  CLUSTER_RUN=$CLUSTER_RUN $e2e/cluster/down.sh; rm -rf $work"
  fi
}

use_context() {
  : "${LITELLM_IMAGE:?CONTEXT needs LITELLM_IMAGE}" "${OPERATOR_IMAGE:?CONTEXT needs OPERATOR_IMAGE}"
  export LITELLM_IMAGE OPERATOR_IMAGE POSTGRES_IMAGE=${POSTGRES_IMAGE:-postgres:17}
  local config found
  config=$(env -u KUBECONFIG ${USER_KUBECONFIG:+KUBECONFIG="$USER_KUBECONFIG"} kubectl config view --minify --flatten --context "$CONTEXT")
  mkdir -p "$CLUSTER_RUN"
  (umask 077; echo "$config" >"$KUBECONFIG")
  kubectl config use-context "$CONTEXT" >/dev/null
  found=$(kubectl get --ignore-not-found -o name namespace/ai namespace/keyrotation-system crd/keyrotations.keyrotation.dev)
  [ -z "$found" ] || die "the demo would remove what is there already: ${found//$'\n'/, }"
}

[ -n "${CONTEXT:-}" ] || need_root "make demo"
USER_KUBECONFIG=${KUBECONFIG:-}
new_run demo
trap clean_up EXIT
trap 'exit 130' INT TERM

headline "1/6  Parts: built or downloaded once, then kept in $cache"
if [ -n "${CONTEXT:-}" ]; then
  use_context
  owns_cluster=1
else
  prepare "$version"
  # The cluster ends with this script even if it is killed, unless it is to stay.
  [ -n "${KEEP:-}" ] || export CLUSTER_OWNER=$$
  owns_cluster=1
  start_cluster "$version"
fi

headline "2/6  LiteLLM with two replicas, PostgreSQL, a model provider"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
kubectl -n ai get pods

headline "3/6  The operator"
start_operator
kubectl -n keyrotation-system get pods

headline "4/6  kubectl apply -f examples/keyrotation.yaml"
start_prober
kubectl apply -f "$project/examples/keyrotation.yaml"
python3 "$e2e/follow.py" 900
echo "Meanwhile, chat completions through the Service:"
stop_prober

headline "5/6  Proof, without any of the operator's code"
python3 "$e2e/prove.py" "$work/state" --places "$logs/searched"

headline "6/6  kubectl get keyrotations"
kubectl -n ai get keyrotations
finished=1
say "done"
