#!/usr/bin/env bash
# image.sh NAME [OPTION...]  makes an image (see image.py) and hands it to the cluster's containerd.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
run=${CLUSTER_RUN:-$cache/run/cluster}
tools=$("$here/../parts/node.sh")
python3 "$here/image.py" image "$@" |
  "$tools/usr/bin/ctr" -a "$run/containerd.sock" -n k8s.io images import --no-unpack - >/dev/null
