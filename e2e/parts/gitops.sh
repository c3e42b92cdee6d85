#!/usr/bin/env bash
# gitops.sh  builds the program that judges resources as Flux and Argo CD do, by their own code, and prints its path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
directory=$cache/gitops-$(fingerprint "$here"/gitops/{go.mod,go.sum,main.go} "$0")
build() {
  cd "$here/gitops"
  CGO_ENABLED=0 go build -v -trimpath -ldflags="-s -w" -o "$directory/judge" .
}
[ -e "$directory/.complete" ] || command -v go >/dev/null || die "no Go: install Go 1.26 or newer"
part "$directory" "health by Flux and Argo CD (built from source)" build
echo "$directory/judge"
