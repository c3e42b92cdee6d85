#!/usr/bin/env bash
# pgbouncer.sh  prints a PgBouncer that can be run: pgbouncer on PATH, else Debian's package, unpacked and not installed
# (installing it would start a pooler on this machine), behind a script that finds its libraries.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
if command -v pgbouncer; then exit; fi
root=$cache/pgbouncer-$(fingerprint "$0")
unpack() {
  debian "$root" pgbouncer
  local library
  library=$root/usr/lib/$(uname -m)-linux-gnu
  cat >"$root/pgbouncer" <<RUN
#!/bin/sh
LD_LIBRARY_PATH=$library exec $root/usr/sbin/pgbouncer "\$@"
RUN
  chmod 755 "$root/pgbouncer"
}
part "$root" "PgBouncer (Debian package)" unpack
"$root/pgbouncer" --version >/dev/null || die "the PgBouncer of Debian's package does not run"
echo "$root/pgbouncer"
