#!/usr/bin/env bash
# tutorial.sh [VERSION]  does what docs/tutorial.md says, with its own commands in their order, on a real Kubernetes with a real LiteLLM
# (default 1.100.4), whose objects have the names that its Helm chart gives them; the chart itself cannot be had on a test machine.
# What each block shows is compared. The rotation, the roll back and the second rotation are proved as in the other tests.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:-1.100.4}
. "$(dirname "$0")/test.sh"
HELM=$("$e2e/parts/helm.sh")
JAVA_HOME=$("$e2e/parts/jdk.sh")
export HELM JAVA_HOME CHART=1 REPLICAS=1

# What tutorial.py runs between two headings.
proof() { # name, keys, options of prove.py
  echo "Proof, without any of the operator's code"
  python3 "$e2e/prove.py" "$work/state" --keys "$2" --places "$logs/searched-$1" "${@:3}" | tee "$logs/proof-$1.txt"
  remember_keys litellm-masterkey masterkey
}
export -f proof remember_keys
export e2e work logs

echo "The tutorial, with LiteLLM $version"
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
cp "$work/state/before.json" "$work/state/original.json"

# A checkout for whoever follows the page, and helm, for which the stand-in is LiteLLM's chart.
mkdir "$work/bin" "$work/checkout"
ln -s "$project/bin" "$project/helm" "$work/checkout"
cat >"$work/bin/helm" <<SH
#!/bin/bash
exec "$HELM" "\${@/#oci:\/\/ghcr.io\/berriai\/litellm-helm/$e2e/litellm/litellm-helm}"
SH
chmod +x "$work/bin/helm"
PATH=$work/bin:$PATH python3 "$e2e/tutorial.py" "$project/docs/tutorial.md" "$work/checkout" \
  repository=localhost/keyrotation tag=1 \
  --after "Rotate" "proof rotated Master" \
  --after "Roll back" "proof restored Master --restored $work/state/original.json" \
  --after "Rotate again, with a salt key" "proof again Master,Salt" | tee "$logs/tutorial.txt" || :
for what in tutorial proof-rotated proof-restored proof-again; do count "$logs/$what.txt"; done
finish
