#!/usr/bin/env bash
# test.sh  checks what is made from the chart, and installs it with a real Helm on a real API server.
# HELM names a Helm to use; without it Helm is built from its Go module, once, into the cache (a few minutes).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../e2e/lib.sh"
helm_version=v4.3.1

build_helm() { GOBIN=$PWD GOFLAGS=-mod=mod nice go install "helm.sh/helm/v4/cmd/helm@$helm_version"; }
if [ -z "${HELM:-}" ]; then
  part "$cache/helm-$helm_version" "Helm $helm_version" build_helm
  HELM=$cache/helm-$helm_version/helm
fi
export HELM

"$here/sync-crds.sh" --check
"$HELM" lint --strict --quiet "$here/keyrotation"
"$here/render.sh" --check
"$e2e/cluster/with-apiserver.sh" python3 "$here/test.py"
