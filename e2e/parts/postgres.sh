#!/usr/bin/env bash
# postgres.sh  prints the bin directory of a PostgreSQL server: the newest below /usr/lib/postgresql, else Debian's
# package, unpacked and not installed (installing it would start a server on this machine).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
for root in / "$cache/postgres-$(fingerprint "$0")/"; do
  if [ "$root" != / ]; then
    part "${root%/}" "PostgreSQL (Debian package)" debian "${root%/}" postgresql
  fi
  found=$(printf '%s\n' "$root"usr/lib/postgresql/*/bin | sort --version-sort | tail -n 1)
  if [ -x "$found/postgres" ]; then echo "$found"; exit; fi
done
die "no PostgreSQL server in Debian's package"
