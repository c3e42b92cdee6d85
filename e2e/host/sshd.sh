#!/usr/bin/env bash
# sshd.sh DIRECTORY  runs a real SSH server on a free port of 127.0.0.1 until it is ended, for tests of the SSH client. In
# DIRECTORY it leaves: port; host_key.pub (pinned by a client) and other_key.pub; client_key, which logs in as root, and
# stranger_key, which does not. The machine's own files are not touched: accounts and /run/sshd are those of a mount namespace.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
need_root "an SSH server that switches users"
directory=$(realpath "$1")
part=$("$here/../parts/host.sh")
export LD_LIBRARY_PATH=$part/usr/lib/x86_64-linux-gnu:$part/usr/lib/aarch64-linux-gnu

for key in host_key other_key client_key stranger_key; do
  "$part/usr/bin/ssh-keygen" -q -t ed25519 -N '' -C "$key" -f "$directory/$key"
done
"$part/usr/bin/ssh-keygen" -q -t ecdsa -N '' -f "$directory/second_host_key"
cp "$directory/client_key.pub" "$directory/authorized_keys"
chmod 600 "$directory/authorized_keys"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$directory/sshd_config" <<CONFIG
ListenAddress 127.0.0.1:$port
HostKey $directory/second_host_key
HostKey $directory/host_key
AuthorizedKeysFile $directory/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
PidFile none
UsePAM no
CONFIG
echo "$port" >"$directory/port.new"
mv "$directory/port.new" "$directory/port"

export directory part
exec unshare --mount --propagation private bash -euc '
  grep -v "^sshd:" /etc/passwd >"$directory/passwd"
  echo "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin" >>"$directory/passwd"
  mount --bind "$directory/passwd" /etc/passwd
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/sshd
  exec "$part/usr/sbin/sshd" -D -e -f "$directory/sshd_config"
'
