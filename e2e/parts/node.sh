#!/usr/bin/env bash
# node.sh  unpacks what a Kubernetes node needs besides Kubernetes (containerd, runc, CNI plugins, nft) from Debian
# packages, and prints the directory. Nothing is installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
directory=$cache/node-$(fingerprint "$0")
part "$directory" "containerd, runc, CNI plugins, nft (Debian packages)" \
  debian "$directory" containerd runc containernetworking-plugins nftables libnftables1 libnftnl11
echo "$directory"
