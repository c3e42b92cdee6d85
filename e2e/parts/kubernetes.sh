#!/usr/bin/env bash
# kubernetes.sh  builds the Kubernetes programs, etcd and CoreDNS from their Go modules, and prints the directory that
# holds them. About four minutes on two cores when the Go cache is cold; afterwards nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"

# The module versions are pinned by go.mod; this must be the same as there (kubectl and charts ask the server for it).
version=1.35.4
recipe=$(fingerprint "$here"/go/go.{mod,sum} "$here"/go/*/main.go "$0")
directory=$cache/kubernetes-$version-$recipe

build() {
  local v=k8s.io/component-base/version program
  mkdir "$directory/bin"
  cd "$here/go"
  # -v shows each package as it is compiled, so that one sees it move.
  CGO_ENABLED=0 go build -v -trimpath -o "$directory/bin/" \
    -ldflags="-s -w -X $v.gitVersion=v$version -X $v.gitMajor=1 -X $v.gitMinor=35 -X $v.gitTreeState=clean" ./...
  for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    ln -s kube "$directory/bin/$program"
  done
}

[ -e "$directory/.complete" ] || command -v go >/dev/null || die "no Go: install Go 1.26 or newer"
part "$directory" "Kubernetes $version, etcd, CoreDNS (built from source)" build
echo "$directory/bin"
