#!/usr/bin/env bash
# test.sh  checks what is made from the chart, and installs it with a real Helm on a real API server.
# HELM names a Helm to use; without it Helm is built from its Go module, once (a few minutes).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../e2e/lib.sh"
HELM=$("$e2e/parts/helm.sh")
export HELM

"$here/sync-crds.sh" --check
"$HELM" lint --strict --quiet "$here/keyrotation"
"$here/render.sh" --check
"$e2e/cluster/with-apiserver.sh" python3 "$here/test.py"
