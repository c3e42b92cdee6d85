#!/bin/bash
# What the official PostgreSQL image does at its start, as far as postgres.yaml needs it: for the rig, which has no images
# from a registry. Argument: postgres and its options.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --pgdata="$PGDATA" --username=postgres --auth-local=trust --auth-host=scram-sha-256 \
    --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
  # Where it speaks TLS, nobody from the network gets in without.
  case " $* " in *" ssl=on "*) from_network=hostssl ;; *) from_network=host ;; esac
  echo "$from_network all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  # Nobody is to reach it before it is complete, so it listens on its socket only.
  pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -c unix_socket_directories=$PGHOST" start
  for script in /docker-entrypoint-initdb.d/*.sh; do bash "$script"; done
  pg_ctl --pgdata="$PGDATA" --wait stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories="$PGHOST"
