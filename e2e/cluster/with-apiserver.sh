#!/usr/bin/env bash
# with-apiserver.sh COMMAND...  runs COMMAND with a real Kubernetes API server (and etcd and the controller-manager, but no
# node: pods stay Pending), takes it down again and exits as COMMAND did. For tests of what a mock server lacks: CRDs, CEL,
# server-side apply, immutability. COMMAND finds it through KUBECONFIG and KEYROTATION_TEST_KUBECONFIG.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
[ $# -gt 0 ] || die "usage: $(basename "$0") COMMAND..."
CLUSTER_RUN=$(mktemp -d -t keyrotation.XXXXXX)
export CLUSTER_RUN CLUSTER_NODE=none CLUSTER_OWNER=$$
trap 'exit 130' INT TERM
trap '"$here/down.sh"; rm -rf "$CLUSTER_RUN"' EXIT
KUBECONFIG=$("$here/up.sh")
export KUBECONFIG KEYROTATION_TEST_KUBECONFIG=$KUBECONFIG
"$@"
