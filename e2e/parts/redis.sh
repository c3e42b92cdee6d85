#!/usr/bin/env bash
# redis.sh  prints a Redis server that can be run: redis-server on PATH, else Debian's package, unpacked and not
# installed (installing it would start a server on this machine), behind a script that finds its libraries.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
if command -v redis-server; then exit; fi
root=$cache/redis-$(fingerprint "$0")
unpack() {
  debian "$root" redis-server
  local library
  library=$root/usr/lib/$(uname -m)-linux-gnu
  cat >"$root/redis-server" <<RUN
#!/bin/sh
LD_LIBRARY_PATH=$library exec $root/usr/bin/redis-server "\$@"
RUN
  chmod 755 "$root/redis-server"
}
part "$root" "Redis (Debian package)" unpack
"$root/redis-server" --version >/dev/null || die "the Redis server of Debian's package does not run"
echo "$root/redis-server"
