#!/usr/bin/env bash
# up.sh  starts a one-node Kubernetes on this machine, without Docker and without images from a registry, and prints the
# path of its kubeconfig. All of it runs in network, mount and process namespaces of its own: it changes nothing on the
# machine, and ending one process (down.sh) ends it all. From outside only one port of 127.0.0.1 is seen: the API server.
#
#   CLUSTER_RUN    directory for its state and logs; one cluster a directory  (default: run/cluster in the cache)
#   CLUSTER_NODE   kubelet: pods really run (default); none: API server, etcd and controller-manager only, pods stay Pending
#   CLUSTER_PORT   port of the API server on 127.0.0.1                        (default: a free one)
#   CLUSTER_OWNER  process id: the cluster goes down when that process ends, however it ends
#   CLUSTER_SEES   directories of this machine that every container sees, read-only, at the same path (see images.py)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
need_root "the cluster"
for program in unshare setsid pgrep ip sysctl openssl python3 flock; do
  command -v "$program" >/dev/null || die "no $program: apt-get install util-linux procps iproute2 openssl python3"
done

export CLUSTER_RUN=${CLUSTER_RUN:-$cache/run/cluster} CLUSTER_NODE=${CLUSTER_NODE:-kubelet}
[ ! -e "$CLUSTER_RUN/pid" ] || die "already up: $CLUSTER_RUN ($here/down.sh ends it)"
CLUSTER_BIN=$("$here/../parts/kubernetes.sh")
export CLUSTER_BIN
if [ "$CLUSTER_NODE" = kubelet ]; then
  CLUSTER_TOOLS=$("$here/../parts/node.sh")
  export CLUSTER_TOOLS
fi
# Asked of the system late, so that two clusters that start at once hardly get the same one.
free_port='import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
export CLUSTER_PORT=${CLUSTER_PORT:-$(python3 -c "$free_port")}
export CLUSTER_CGROUP=keyrotation-$CLUSTER_PORT CLUSTER_SEES=${CLUSTER_SEES:-}
run=$CLUSTER_RUN
mkdir -p "$run/log"
chmod 700 "$run"
"$here/pki.sh" "$run/pki" 10.244.0.1 10.96.0.1
cp "$run/pki/admin.kubeconfig" "$run/kubeconfig"

began=$EPOCHREALTIME
trap '"$here/down.sh"; exit 130' INT TERM
setsid unshare --net --mount --pid --fork --kill-child --mount-proc "$here/node.sh" \
  >"$run/log/node.log" 2>&1 </dev/null 9>&- &
outer=$!
until inner=$(pgrep -P "$outer"); do
  kill -0 "$outer" || die "the namespaces could not be made; see $run/log/node.log"
  sleep 0.05
done
echo "$outer" >"$run/pid"
echo "$inner" >"$run/node.pid"
echo "$CLUSTER_CGROUP" >"$run/cgroup"
setsid python3 "$here/forward.py" "$CLUSTER_PORT" "$inner" >"$run/log/forward.log" 2>&1 </dev/null &
echo $! >"$run/forward.pid"
if [ -n "${CLUSTER_OWNER:-}" ]; then
  setsid bash -c 'while kill -0 "$1" && kill -0 "$2"; do sleep 1; done; kill -0 "$2" && exec "$3"' \
    owner "$CLUSTER_OWNER" "$outer" "$here/down.sh" \
    >"$run/log/owner.log" 2>&1 </dev/null &
fi

kubectl() { "$CLUSTER_BIN/kubectl" --kubeconfig "$run/kubeconfig" "$@"; }
ready() { # what, command...
  local what=$1 end=$((SECONDS + 90))
  shift
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$outer" 2>/dev/null || [ "$SECONDS" -ge "$end" ]; then die "no $what; the logs are in $run/log"; fi
    sleep 0.1
  done
}
ready "API server" kubectl get --raw=/readyz
# Pods are refused until the namespace has it.
ready "default service account" kubectl get serviceaccount default
[ "$CLUSTER_NODE" = none ] || ready "node" kubectl wait --for=condition=Ready node/node --timeout=1s
took=$((${EPOCHREALTIME/./} - ${began/./}))
say "Kubernetes is up on 127.0.0.1:$CLUSTER_PORT after $((took / 1000)) ms"
echo "$run/kubeconfig"
