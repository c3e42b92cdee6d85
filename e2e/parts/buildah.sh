#!/usr/bin/env bash
# buildah.sh  unpacks buildah and a small Debian root file system from Debian packages, and prints the directory: buildah/,
# root/. Nothing is installed. ../image.sh uses both.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
directory=$cache/buildah-$(fingerprint "$0")

unpack() {
  mkdir buildah root
  debian "$PWD/buildah" buildah golang-github-containers-common golang-github-containers-image libgpgme11 libassuan0
  mkdir -p root/{usr/{bin,sbin,lib,lib64},dev,proc,sys,run,tmp,etc}
  local link
  for link in bin sbin lib lib64; do ln -s "usr/$link" "root/$link"; done
  chmod 1777 root/tmp
  debian "$PWD/root" base-files dash coreutils libc6 libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 zlib1g libgcc-s1 \
    libstdc++6
  [ -e root/bin/sh ] || ln -s dash root/bin/sh
  rm -rf root/usr/share/{doc,man,locale}
}

part "$directory" "buildah and a base for images (Debian packages)" unpack
echo "$directory"
