#!/usr/bin/env bash
# scale.sh [COUNT...]  measures an operator that looks after so many KeyRotations at rest (1000 unless named), beside one that looks after
# a single one: start, queue after a restart, memory, CPU, requests. Judges by the API server's audit log that Secrets were never
# listed but by own labels. Prints ratios to the run with one. `make package` first.
#   WINDOW   seconds that an operator at rest is watched (180, in which it looks at each once)
#   MEMORY   MiB of the container that the operator's heap is cut to (512, the chart's limit)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../e2e/lib.sh"
. "$here/../e2e/rig.sh"
[ $# -gt 0 ] || set -- 1000
counts=(1)                                       # what the others are compared with
for count in "$@"; do
  [[ $count =~ ^[1-9][0-9]*$ ]] || die "usage: $(basename "$0") [COUNT...]"
  [ "$count" = 1 ] || counts+=("$count")
done
need_root "a cluster, and a PostgreSQL server as another user"
jar=$project/target/quarkus-app/quarkus-run.jar
[ -f "$jar" ] || die "no target/quarkus-app: run make package"
jdk=$("$e2e/parts/jdk.sh")
postgres=$("$e2e/parts/postgres.sh")
migrations=$("$e2e/parts/migrations.sh" "${LITELLM_VERSION:-1.108.4}")
PATH=$("$e2e/parts/kubernetes.sh"):$PATH
new_run scale
export CLUSTER_NODE=none CLUSTER_OWNER=$$ NAMESPACES=ai-0,ai-1,ai-2,ai-3,ai-4,ai-5,ai-6,ai-7,ai-8,ai-9

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups
  env "LD_LIBRARY_PATH=${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu")
stop_postgres() { "${nobody[@]}" "$postgres/pg_ctl" --pgdata="$work/data" --mode=fast stop >/dev/null 2>&1; }
clean_up() {
  local result=$?
  stop_postgres || :
  "$e2e/cluster/down.sh"
  rm -rf "$work"
  [ "$result" = 0 ] || say "it failed; all logs: $logs"
  exit "$result"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
chmod 711 "$work"
mkdir "$work/data"
chown 65534:65534 "$work/data"

sql() { "$postgres/psql" -X -q -A -t -h "$work/data" -p 5432 -v ON_ERROR_STOP=1 "$@"; }
sessions() { sql -U postgres -d postgres -c "SELECT sessions FROM pg_stat_database WHERE datname = 'litellm'"; }

# The cluster, without its controllers: they would make pods anew that no node runs. What they report is written by scale.py.
cluster() {
  local namespace
  "$e2e/cluster/up.sh"
  for namespace in ai ${NAMESPACES//,/ }; do kubectl create namespace "$namespace"; done
  kubectl apply --server-side -f "$project/deploy/crds"
  kubectl kustomize "$project/deploy/operator" | sed 's|^  replicas: .*|  replicas: 0|' >"$work/operator.yaml"
  # The same Role in each namespace, and a process of this machine in place of the pods.
  for namespace in ai ${NAMESPACES//,/ }; do
    sed "s|namespace: ai$|namespace: $namespace|" "$work/operator.yaml" | kubectl apply --server-side -f -
  done
  (umask 077; kubectl -n keyrotation-system create token keyrotation --duration=3h >"$work/token")
  for namespace in ${NAMESPACES//,/ }; do
    wait_for 60 "the service account of $namespace" kubectl -n "$namespace" get serviceaccount default
  done
  kill "$(pgrep -P "$(cat "$CLUSTER_RUN/node.pid")" -f kube-controller-manager)"
}

# In the cluster's network; asked here by its socket.
database() {
  cd "$work/data"
  "${in_cluster[@]}" "${nobody[@]}" "$postgres/pg_ctl" --pgdata="$work/data" --wait --log="$work/data/log" \
    --options="-p 5432 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/data -c fsync=off -c max_connections=200" start
  [ ! -e "$work/schema" ] || return 0
  sql -U postgres -d postgres -c "CREATE ROLE litellm LOGIN" -c "CREATE DATABASE litellm OWNER litellm"
  for file in "$migrations"/*/migration.sql; do cat "$file"; printf '\n;\n'; done |
    PGOPTIONS="-c client_min_messages=error" sql -U litellm -d litellm
  touch "$work/schema"
}

# The options of the image, and the heap that its share of the container's memory comes to.
operator=("$jdk/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError)
heap=(-Xms8m "-Xmx$((${MEMORY:-512} * 60 / 100))m" -XX:AOTMode=on "-XX:AOTCache=$work/operator.aot")

measure() { # count
  local before after
  before=$(sessions)
  CLUSTER=$CLUSTER_RUN LOGS=$logs TOKEN=$work/token "${in_cluster[@]}" python3 "$here/scale.py" "$1" "${WINDOW:-180}" \
    "${operator[@]}" "${heap[@]}" -jar "$jar" >"$work/result"
  after=$(sessions)
  # An operator that did not reach its database would rest as well.
  [ $((after - before)) -ge $((2 * $1)) ] || die "only $((after - before)) sessions at the database"
}

row() { # count: the row of the table; checks go to a file
  python3 - "$1" "$work" <<'PYTHON'
import json, sys
count, work = sys.argv[1:]
found = json.load(open(f"{work}/result"))
if count == "1":
    json.dump(found, open(f"{work}/one", "w"))
one = json.load(open(f"{work}/one"))
def cell(what, form):
    return f"{form.format(found[what])} ({found[what] / one[what]:.1f} ×)"
each = "" if count == "1" else f"{(found['heap'] - one['heap']) * 1024 / (found['count'] - 1):.0f} KiB"
print(f"| {found['count']:,} | {cell('leader', '{:.1f} s')} | {cell('queue', '{:.1f} s')} | {cell('rss', '{:.0f} MiB')} | "
      f"{cell('heap', '{:.1f} MiB')} | {each} | {cell('cpu', '{:.2f} %')} | {cell('requests', '{:.1f}')} | {found['busiest']} |", flush=True)
with open(f"{work}/checks", "a") as checks:
    for what, wrong in found["checks"]:
        print(f"  FAIL  {found['count']:,}: {what}: {wrong}" if wrong else f"  ok    {found['count']:,}: {what}", file=checks)
PYTHON
}

rehearse() { "$jdk/bin/java" -Djava.io.tmpdir="$work" "$project/image/Rehearsal.java" "$@"; }
busy "the cache of loaded classes" "$logs/cache.log" rehearse record "$work/operator.aot" "${operator[@]}" -jar "$jar"
busy "PostgreSQL" "$logs/initdb.log" "${nobody[@]}" "$postgres/initdb" --pgdata="$work/data" --username=postgres --auth=trust --encoding=UTF8
echo "| KeyRotations | start to leader | all looked at | RSS | heap in use | for each | CPU at rest | requests/s | in the busiest second |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for count in "${counts[@]}"; do
  busy "the cluster" "$logs/cluster-$count.log" cluster
  in_cluster=(nsenter --net --target "$(cat "$CLUSTER_RUN/node.pid")")
  busy "PostgreSQL with LiteLLM's schema" "$logs/postgres-$count.log" database
  busy "$count KeyRotations" "$logs/$count.log" measure "$count"
  cp "$work/result" "$logs/$count.json"
  row "$count"
  stop_postgres
  "$e2e/cluster/down.sh"
done
echo
cat "$work/checks"
! grep -q FAIL "$work/checks"
