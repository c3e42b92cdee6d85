#!/usr/bin/env bash
# node.sh  the first process of the cluster's own network, mount and process namespaces; started by up.sh, which sets the
# variables. When it ends, the kernel ends everything in here, pods included.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
run=$CLUSTER_RUN pki=$CLUSTER_RUN/pki log=$CLUSTER_RUN/log
export PATH=$CLUSTER_BIN:$PATH
if [ "$CLUSTER_NODE" = kubelet ]; then
  tools=$CLUSTER_TOOLS
  export PATH=$tools/usr/bin:$tools/usr/sbin:$PATH LD_LIBRARY_PATH=$tools/usr/lib/x86_64-linux-gnu
fi
node=10.244.0.1

start() { # name, command...
  local name=$1
  shift
  "$@" >"$log/$name.log" 2>&1 &
}

network() {
  ip link set lo up
  ip link add cni0 type bridge
  ip address add $node/24 dev cni0
  ip link set cni0 up
  # Leads nowhere. It lets processes of the node, as opposed to pods, reach the addresses of Services.
  ip route add default dev cni0
  sysctl -qw net.ipv4.ip_forward=1
}

api_server() {
  start etcd etcd --data-dir="$run/etcd" --unsafe-no-fsync --log-level=warn
  # The audit log shows afterwards who changed what: bodies of requests, but never those that hold Secrets.
  cat >"$run/audit.yaml" <<'YAML'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    verbs: [get, list, watch]
    resources: [{group: coordination.k8s.io}]
  - level: Metadata
    resources:
      - {group: "", resources: [secrets, serviceaccounts/token]}
      - {group: authentication.k8s.io, resources: [tokenreviews]}
  - level: Request
YAML
  start apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
    --secure-port="$CLUSTER_PORT" --advertise-address=$node --service-cluster-ip-range=10.96.0.0/16 \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged \
    --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/serving.crt" --tls-private-key-file="$pki/serving.key" \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
    --audit-policy-file="$run/audit.yaml" --audit-log-path="$log/audit.log"
}

controller_manager() {
  until kubectl --kubeconfig="$pki/admin.kubeconfig" get --raw=/readyz >/dev/null 2>&1; do sleep 0.1; done
  # Its usual limit of 20 requests a second makes the start of an empty cluster slow.
  start controller-manager kube-controller-manager --kubeconfig="$pki/controller-manager.kubeconfig" \
    --leader-elect=false --use-service-account-credentials --kube-api-qps=200 --kube-api-burst=400 \
    --root-ca-file="$pki/ca.crt" --service-account-private-key-file="$pki/sa.key"
}

# containerd from unpacked Debian packages. Its default runtime shows each container this machine's programs (CLUSTER_SEES),
# so that images need no files of their own: see image.py.
containers() {
  # The only places outside of the run directory where these programs insist on writing.
  local directory
  for directory in /run /var/lib /var/log; do mount -t tmpfs none "$directory"; done
  mkdir -p "$run/cni"
  cat >"$run/cni/10-pods.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$run/cni-addresses", "ranges": [[{"subnet": "10.244.0.0/24"}]],
           "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
  # shellcheck disable=SC2086  # a list of directories
  ctr oci spec | python3 "$here/image.py" runtime $CLUSTER_SEES >"$run/runtime.json"
  # "native" copies files where "overlayfs" mounts: our images hold next to none, and it works on every file system.
  cat >"$run/containerd.toml" <<TOML
version = 2
root = "$run/containerd"
state = "$run/containerd-state"
[grpc]
address = "$run/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "$run/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
base_runtime_spec = "$run/runtime.json"
# For images that bring all their files: pods ask for it by a RuntimeClass whose handler is "image".
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.image]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "$tools/usr/lib/cni"
conf_dir = "$run/cni"
TOML
  start containerd containerd --config "$run/containerd.toml"
  until ctr -a "$run/containerd.sock" version >/dev/null 2>&1; do sleep 0.1; done
  # What holds a pod's namespaces open.
  "$here/image.sh" localhost/pause:1 --file "$CLUSTER_BIN/pause=/pause" --entrypoint /pause
}

kubelet_cgroup() {
  local tree
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then      # cgroup v2: one tree
    # A controller must be handed down from above before the kubelet may use it.
    sed 's/\(^\| \)/&+/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control || :
    mkdir -p "/sys/fs/cgroup/$CLUSTER_CGROUP"
    sed 's/\(^\| \)/&+/g' "/sys/fs/cgroup/$CLUSTER_CGROUP/cgroup.controllers" \
      >"/sys/fs/cgroup/$CLUSTER_CGROUP/cgroup.subtree_control" || :
  else                                                   # cgroup v1: one tree for each controller
    awk '$3 == "cgroup" { print $2 }' /proc/mounts | while read -r tree; do mkdir -p "$tree/$CLUSTER_CGROUP"; done
    tree=/sys/fs/cgroup/cpuset
    cat $tree/cpuset.cpus >"$tree/$CLUSTER_CGROUP/cpuset.cpus"
    cat $tree/cpuset.mems >"$tree/$CLUSTER_CGROUP/cpuset.mems"
  fi
}

# A busy kernel gives a group of processes as much as a single process beside it. Pods are many processes: as much as ten.
kubelet_share() {
  local tree=/sys/fs/cgroup
  if [ -e $tree/cgroup.controllers ]; then echo 1000 >"$tree/$CLUSTER_CGROUP/cpu.weight"; else echo 10240 >"$tree/cpu/$CLUSTER_CGROUP/cpu.shares"; fi
}

# The kubelet wants these settings and would write them for the whole machine: it is shown what it wants to see.
kubelet_settings() {
  local setting file
  mkdir -p "$run/sysctl"
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1; do
    file=$run/sysctl/$(basename "${setting%=*}")
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
  done
}

node_programs() {
  start scheduler kube-scheduler --kubeconfig="$pki/scheduler.kubeconfig" --leader-elect=false
  kubelet_cgroup
  kubelet_share || :                                     # it also works without
  kubelet_settings
  cat >"$run/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$run/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$CLUSTER_CGROUP
failCgroupV1: false
failSwapOn: false
tlsCertFile: $pki/serving.crt
tlsPrivateKeyFile: $pki/serving.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
podLogsDir: $run/pod-logs
clusterDomain: cluster.local
clusterDNS: [$node]
resolvConf: ""
evictionHard: {nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, memory.available: 0%}
imageGCHighThresholdPercent: 100
fileCheckFrequency: 0s
syncFrequency: 10s
YAML
  start kubelet kubelet --config="$run/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" \
    --hostname-override=node --node-ip=$node --root-dir="$run/kubelet"
  # minSyncPeriod: without it a pod that ends still gets requests for up to a second.
  cat >"$run/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $pki/proxy.kubeconfig}
hostnameOverride: node
clusterCIDR: 10.244.0.0/16
mode: nftables
nftables: {minSyncPeriod: 100ms}
conntrack: {maxPerCore: 0}
YAML
  start proxy kube-proxy --config="$run/proxy.yaml"
  cat >"$run/Corefile" <<COREFILE
.:53 {
  bind $node
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $pki/admin.kubeconfig
  }
}
COREFILE
  start coredns coredns -conf "$run/Corefile"
}

mount --make-rshared /
network
api_server
[ "$CLUSTER_NODE" = none ] || containers       # while the API server starts
controller_manager
[ "$CLUSTER_NODE" = none ] || node_programs
wait
