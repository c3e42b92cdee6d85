#!/usr/bin/env bash
# mixed.sh [--only PATTERN]  an operator in a cluster rotates the keys of a Deployment and of a systemd unit on a host, which share a
# database: forward, back, with a wrong host key, with a host that is cut off, and killed. Real API server, pods, PostgreSQL with
# LiteLLM's schema, systemd and sshd; a stand-in for the proxy (kill/standin.py) on both sides; judged by LiteLLM's own functions.
# The last line says `N passed, N failed`. KEEP=1 leaves everything running at the end and says how to run cases again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
. "$here/../host/rig.sh"
. "$here/../host/run.sh"
. "$here/../kill/rig.sh"
version=${LITELLM_VERSION:-1.108.4}
need_root "the test of hosts beside a cluster"

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  [ -z "${mixed:-}" ] || kill "$mixed" 2>/dev/null
  stop_preparing
  save_logs
  save_host_logs
  [ "$result" = 0 ] || say "it failed; all logs: $logs"
  if [ -n "${KEEP:-}" ] && [ -n "${again:-}" ]; then
    printf 'KEEP=1: it is still running. Once more:\n  %s\nTo end it:\n  %s %s; CLUSTER_RUN=%s %s; rm -rf %s\n' \
      "$again" "$e2e/host/down.sh" "$hosts/alpha" "$CLUSTER_RUN" "$e2e/cluster/down.sh" "$work" >&2
    exit "$result"
  fi
  hosts_down
  "$e2e/cluster/down.sh"
  rm -rf "$work"
  exit "$result"
}

# A host beside the node, with a cable of its own; it reaches pods through the node.
connect() {
  local host
  host=$(cat "$hosts/alpha/pid")
  "${in_cluster[@]}" ip link add alpha type veth peer name lan netns "$host"
  "${in_cluster[@]}" ip address add 10.77.7.1/24 dev alpha
  "${in_cluster[@]}" ip link set alpha up
  on alpha ip address add "$address/24" dev lan
  on alpha ip link set lan up
  on alpha ip route add default via 10.77.7.1
}

key() { kubectl -n ai get secret litellm-keys -o "jsonpath={.data.$1}" | base64 -d; }

# The unit of the rig with the proxy of the kill matrix, which also writes, and the keys and the database of the cluster.
fill_unit() {
  local pod
  pod=$(kubectl -n ai get pods -l app=postgres -o 'jsonpath={.items[0].status.podIP}')
  use_proxy alpha "python $e2e/kill/standin.py"
  printf 'RELOAD_SECONDS=2\nCACHE_SECONDS=3\nWRITE_SECONDS=1.5\n' >>"$hosts/alpha/rig.env"
  (umask 077
    cat >"$work/state/keys.json" <<JSON
{"master": "$(key LITELLM_MASTER_KEY)", "salt": "$(key LITELLM_SALT_KEY)", "password": "$password"}
JSON
  )
  database_address alpha "$pod" "$work/state/keys.json"
  environment_file "$work/state/keys.json" | put alpha "$FILE" litellm:litellm 600
  start_litellm alpha 180
  logins alpha alpha
  kubectl -n ai create secret generic host-login --from-file=ssh-privatekey="$hosts/login" >/dev/null
}

settings_of_both() {
  ssh-keygen -q -t ed25519 -N '' -f "$work/state/other"
  MORE_SETTINGS=$(printf '{"host": {"pid": %s, "address": "%s", "hostKey": "%s", "otherKey": "%s"}}' \
    "$(cat "$hosts/alpha/pid")" "$address" "$(host_key alpha)" "$(cut -d' ' -f1,2 "$work/state/other.pub")")
  export MORE_SETTINGS
  settings
}

new_host_run mixed
[ -n "${KEEP:-}" ] || export CLUSTER_OWNER=$$
trap clean_up EXIT
trap 'exit 130' INT TERM
address=10.77.7.2
SKIP_BUILD=1 prepare "$version"
prepare_hosts "$version"
start_cluster "$version"
venv=$("$e2e/parts/litellm.sh" "$version")/venv
superuser=$(random) password=$(random)
busy "PostgreSQL with LiteLLM's schema, the operator's rights" "$logs/deploy.log" deploy
new_host alpha
boot alpha
in_cluster=(nsenter --net --target "$(cat "$CLUSTER_RUN/node.pid")")
connect
train "$JAVA_HOME"
settings_of_both
"${in_cluster[@]}" "$venv/bin/python" "$e2e/kill/matrix.py" "$work/settings.json" --fill
sed "s|@LITELLM_IMAGE@|localhost/litellm:$version|" "$e2e/kill/standin.yaml" | kubectl apply --server-side -f - >/dev/null
busy "the unit starts" "$logs/host.log" fill_unit
busy "the stand-in proxy starts" "$logs/standin.log" kubectl -n ai rollout status deployment/litellm --timeout=180s
again="${in_cluster[*]} $venv/bin/python $e2e/kill/mixed.py $work/settings.json $*"
"${in_cluster[@]}" "$venv/bin/python" "$e2e/kill/mixed.py" "$work/settings.json" "$@" &
mixed=$!
wait "$mixed"
