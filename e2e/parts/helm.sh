#!/usr/bin/env bash
# helm.sh  builds Helm from its Go module, and prints its path. HELM names another one to use.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
version=v4.3.1
directory=$cache/helm-$version
if [ -n "${HELM:-}" ]; then echo "$HELM"; exit; fi
build() { GOBIN=$PWD GOFLAGS=-mod=mod nice go install "helm.sh/helm/v4/cmd/helm@$version"; }
[ -e "$directory/.complete" ] || command -v go >/dev/null || die "no Go: install Go 1.26 or newer"
part "$directory" "Helm $version (built from source)" build
echo "$directory/helm"
