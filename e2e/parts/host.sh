#!/usr/bin/env bash
# host.sh  unpacks what a host of the bare-metal rig needs besides this machine's /usr (an SSH server and sudo; systemd and
# D-Bus where this machine has none) from Debian packages, and prints the directory: usr/ and etc/. Nothing is installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
packages=(openssh-server openssh-client sudo)
[ -x /lib/systemd/systemd ] || packages+=(systemd)
command -v dbus-daemon >/dev/null || packages+=(dbus)
directory=$cache/host-$(fingerprint "$0" <(echo "${packages[@]}"))

unpack() {
  debian "$directory" "${packages[@]}"
  # Older packages still have files in /lib and /sbin, which are links into /usr.
  local old
  for old in bin sbin lib lib64; do
    [ ! -d "$directory/$old" ] || { mkdir -p "$directory/usr/$old" && cp -a "$directory/$old/." "$directory/usr/$old/"; }
  done
}

part "$directory" "sshd, sudo (Debian packages)" unpack
echo "$directory"
