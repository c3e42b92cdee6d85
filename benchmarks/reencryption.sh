#!/usr/bin/env bash
# reencryption.sh [VALUES...]  times the re-encryption of so many stored values (6000 and 60000 unless named), beside LiteLLM's own
# migration functions and plain UPDATEs, on copies of one database, one after the other. Prints ratios. `make package` first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../e2e/lib.sh"
version=${LITELLM_VERSION:-1.108.4}
[ $# -gt 0 ] || set -- 6000 60000
need_root "a PostgreSQL server as another user"
app=$project/target/quarkus-app
[ -f "$app/quarkus-run.jar" ] || die "no target/quarkus-app: run make package"
jdk=$("$e2e/parts/jdk.sh")
postgres=$("$e2e/parts/postgres.sh")
migrations=$("$e2e/parts/migrations.sh" "$version")
litellm=$("$e2e/parts/litellm.sh" "$version")
python=$litellm/venv/bin/python
mapfile -t environment <"$litellm/env"
environment+=(LITELLM_LOCAL_MODEL_COST_MAP=True)

work=$(mktemp -d -t keyrotation-bench.XXXXXX)
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env "LD_LIBRARY_PATH=${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu" "$@"; }
clean_up() {
  local result=$?
  as_nobody "$postgres/pg_ctl" --pgdata="$work/data" --mode=immediate stop >/dev/null 2>&1 || :
  rm -rf "$work"
  exit "$result"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
chmod 711 "$work"
mkdir "$work/data"
chown 65534:65534 "$work/data"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sql() { "$postgres/psql" -X -q -h 127.0.0.1 -p "$port" -U postgres -v ON_ERROR_STOP=1 "$@"; }
url() { echo "postgresql://litellm@127.0.0.1:$port/$1"; }

start_postgres() {
  cd "$work/data"
  as_nobody "$postgres/initdb" --pgdata="$work/data" --username=postgres --auth=trust --encoding=UTF8
  # Without waiting for the disk: LiteLLM commits each row by itself and would wait for each, which says more of the disk than
  # of it. So the ratios are the least that one may expect.
  as_nobody "$postgres/pg_ctl" --pgdata="$work/data" --wait --log="$work/data/log" \
    --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_wal_size=4GB" start
  sql -d postgres -c "CREATE ROLE litellm LOGIN" -c "CREATE DATABASE empty OWNER litellm"
  for file in "$migrations"/*/migration.sql; do cat "$file"; printf '\n;\n'; done |
    PGOPTIONS="-c client_min_messages=error" "$postgres/psql" -X -q -h 127.0.0.1 -p "$port" -U litellm -d empty -v ON_ERROR_STOP=1
}

keys() { printf '{"salt": "%s", "new_salt": "%s"}' "$old" "$new"; }
copy() { sql -d postgres -c "CREATE DATABASE $2 TEMPLATE $1 OWNER litellm" -c CHECKPOINT; }
java() { # the options of the image, and for ours a heap in which nothing can hide; the others have their values ready in theirs
  local heap=2g
  [ "$1" != reencrypt ] || heap=64m
  "$jdk/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Xmx$heap" \
    -cp "$work/classes:$class_path" Reencryption "$@"
}

# What a person would run: a file of UPDATEs, by psql, in one transaction.
update_by_psql() { # database, database with the new values
  local begin end table key column
  {
    echo "BEGIN;"
    while read -r table key column; do
      sql -d "$2" -At -c "SELECT format('UPDATE \"$table\" SET $column = %L WHERE $key = %L;', $column, $key) FROM \"$table\""
    done <<TABLES
LiteLLM_ProxyModelTable model_id litellm_params
LiteLLM_CredentialsTable credential_id credential_values
LiteLLM_VerificationToken token metadata
TABLES
    echo "COMMIT;"
  } >"$work/updates.sql"
  begin=$EPOCHREALTIME
  sql -d "$1" -f "$work/updates.sql"
  end=$EPOCHREALTIME
  python3 -c "print('{\"what\": \"update-psql\", \"seconds\": %.3f}' % ($end - $begin))"
}

measure() { # values
  local n=$1 kind
  copy empty "filled_$n"
  keys | "$python" "$here/fill.py" "$n" "$(url "filled_$n")"
  for kind in ours byhand rows set psycopg prisma; do copy "filled_$n" "${kind}_$n"; done
  printf '%s\n%s\n' "$old" "$new" | java reencrypt "$(url "ours_$n")" >>"$work/results"
  # Fast and wrong would be no result.
  keys | DATABASE_URL=$(url "ours_$n") "$python" "$e2e/litellm/oracle.py" count --expect new
  update_by_psql "byhand_$n" "ours_$n" >>"$work/results"
  java update-rows "$(url "rows_$n")" "$(url "ours_$n")" >>"$work/results"
  java update-set "$(url "set_$n")" "$(url "ours_$n")" >>"$work/results"
  keys | env "${environment[@]}" "$python" "$here/litellm_migration.py" "psycopg=$(url "psycopg_$n")" "prisma=$(url "prisma_$n")" \
    >>"$work/results"
  for kind in ours byhand rows set psycopg prisma filled; do sql -d postgres -c "DROP DATABASE ${kind}_$n"; done
}

old=sk-$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))') new=sk-$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')
class_path="$app/app/*:$app/lib/main/*:$app/lib/boot/*"
"$jdk/bin/javac" -cp "$class_path" -d "$work/classes" "$here/Reencryption.java"
busy "PostgreSQL with LiteLLM's schema" "$work/postgres.log" start_postgres
echo "| values | keyrotation | LiteLLM, Prisma | LiteLLM, psycopg | UPDATEs by psql | UPDATEs in batches | one UPDATE | peak memory |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
for n in "$@"; do
  : >"$work/results"
  busy "$n values" "$work/$n.log" measure "$n"
  python3 - "$n" "$work/results" <<'PYTHON'
import json, sys
found = {r["what"]: r for r in map(json.loads, open(sys.argv[2]))}
ours = found["keyrotation"]["seconds"]
assert found["keyrotation"]["values"] == found["prisma"]["values"] == found["psycopg"]["values"], found
def cell(what):
    seconds = found[what]["seconds"]
    return f"{seconds:.2f} s ({seconds / ours:.2f} ×)"
print(f"| {found['keyrotation']['values']:,} | {ours:.2f} s | {cell('prisma')} | {cell('psycopg')} | {cell('update-psql')} | "
      f"{cell('update-rows')} | {cell('update-set')} | {found['keyrotation']['peak_mib']} MiB |", flush=True)
PYTHON
done
