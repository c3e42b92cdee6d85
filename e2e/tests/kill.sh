#!/usr/bin/env bash
# kill.sh [--long | --singly] [--only PATTERN]  the kill matrix: an operator is killed at each of its writes, and what it stands on is broken;
# each rotation must end exactly on the old or exactly on the new keys. Real API server, pods and PostgreSQL with LiteLLM's schema;
# a stand-in for the proxy (kill/standin.py); judged by LiteLLM's own functions. The last line says `N passed, N failed`.
# KEEP=1 leaves everything running at the end and says how to run cases again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
version=${LITELLM_VERSION:-1.108.4}
need_root "the kill matrix"

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  [ -z "${matrix:-}" ] || kill "$matrix" 2>/dev/null
  stop_preparing
  save_logs
  [ "$result" = 0 ] || say "it failed; all logs: $logs"
  if [ -n "${KEEP:-}" ] && [ -n "${again:-}" ]; then
    printf 'KEEP=1: it is still running. Once more:\n  %s\nTo end it:\n  CLUSTER_RUN=%s %s; rm -rf %s\n' \
      "$again" "$CLUSTER_RUN" "$e2e/cluster/down.sh" "$work" >&2
    exit "$result"
  fi
  "$e2e/cluster/down.sh"
  rm -rf "$work"
  exit "$result"
}

secret() { # name; NAME: "value" lines on standard input, so that no value is on a command line
  {
    printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: ai}\nstringData:\n' "$1"
    sed 's/^/  /'
  } | kubectl apply --server-side -f - >/dev/null
}

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(32))'; }

# PostgreSQL as in litellm/postgres.yaml, with a file system of half a megabyte beside its own, for a disk that is full.
postgres() {
  sed "s|@POSTGRES_IMAGE@|localhost/postgres:1|
    s|^          volumeMounts:|&\n            - {name: small, mountPath: /small}|
    s|^      volumes:|&\n        - {name: small, emptyDir: {medium: Memory, sizeLimit: 512Ki}}|" "$e2e/litellm/postgres.yaml"
}

deploy() {
  local migrations file salt
  kubectl create namespace ai >/dev/null
  salt=sk-$(random)
  (umask 077; printf %s "$salt" >"$work/salt")
  secret litellm-keys <<<"$(printf 'LITELLM_MASTER_KEY: "sk-%s"\nLITELLM_SALT_KEY: "%s"' "$(random)" "$salt")"
  secret litellm-db <<<"DATABASE_URL: \"postgresql://litellm:$password@postgres.ai.svc.cluster.local:5432/litellm\""
  secret operator-db <<<"DATABASE_URL: \"postgresql://litellm:$password@postgres.interposed:7432/litellm\""
  secret postgres-passwords <<<"$(printf 'postgres: "%s"\nlitellm: "%s"' "$superuser" "$password")"
  kubectl -n ai create configmap standin-scripts --from-file="$e2e/kill/standin.py" >/dev/null
  kubectl -n ai create configmap standin --from-literal=RELOAD_SECONDS=2 --from-literal=CACHE_SECONDS=3 \
    --from-literal=WRITE_SECONDS=1.5 --from-literal=READY_WITH= >/dev/null
  postgres | kubectl apply --server-side -f - >/dev/null
  kubectl -n ai rollout status deployment/postgres --timeout=90s >/dev/null
  migrations=$("$e2e/parts/migrations.sh" "$version")
  for file in "$migrations"/*/migration.sql; do cat "$file"; printf '\n;\n'; done |
    kubectl -n ai exec -i deployment/postgres -- env PGOPTIONS="-c client_min_messages=error" \
      psql -X -q -U litellm -d litellm --set=ON_ERROR_STOP=1 >/dev/null
  kubectl -n ai exec deployment/postgres -- mkdir -m 700 /small/space
  kubectl -n ai exec deployment/postgres -- psql -X -q -U postgres -d litellm \
    -c "CREATE TABLESPACE small LOCATION '/small/space'" -c "GRANT CREATE ON TABLESPACE small TO litellm"
  kubectl apply --server-side -f "$project/deploy/crds" >/dev/null
  # The operator's rights, without a pod of it: it runs as a process of this machine, in the cluster's network.
  kubectl kustomize "$project/deploy/operator" | sed 's|^  replicas: .*|  replicas: 0|' | kubectl apply --server-side -f - >/dev/null
}

# The operator is started dozens of times: a cache of its loaded classes, made once, halves what that takes. For such a cache the
# class path must be plain, so this is what quarkus-run.jar does, without its own class loader. Without a cache it works as well.
java_command=()
train() { # JDK: sets java_command
  local app=$project/target/quarkus-app directory path='' process
  for directory in quarkus app lib/boot lib/main; do path+=$(printf '%s:' "$app/$directory"/*.jar); done
  java_command=("$1/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m --add-opens=java.base/java.lang=ALL-UNNAMED
    -cp "$path" io.quarkus.runner.GeneratedMain)
  KEYROTATION_LEADER_ELECTION_ENABLED=false KEYROTATION_NAMESPACES=default KEYROTATION_HTTP_PORT=0 \
    "$1/bin/java" -XX:AOTCacheOutput="$work/operator.aot" "${java_command[@]:1}" \
    >"$logs/train.log" 2>&1 &
  process=$!
  wait_for 120 "the operator's start" grep -q 'started in' "$logs/train.log"
  kill "$process"
  wait "$process" || :
  java_command=("${java_command[0]}" "-XX:AOTCache=$work/operator.aot" -Xlog:disable "${java_command[@]:1}")
}

# What matrix.py must know; its own directory is readable by nobody else.
settings() {
  local address token
  address=$(kubectl -n ai get pods -l app=postgres -o 'jsonpath={.items[0].status.podIP}')
  token=$(kubectl -n keyrotation-system create token keyrotation --duration=12h)
  JAVA_COMMAND=$(python3 -c "import json, sys; print(json.dumps(sys.argv[1:]))" "${java_command[@]}") \
    ADDRESS=$address python3 - "$work" "$logs" "$CLUSTER_RUN" "$project" <<PYTHON
import json, os, secrets, sys
work, logs, cluster, project = sys.argv[1:]
models = [f"model-{n}" for n in range(6)] + ["by-credential"]
with open(os.open(f"{work}/settings.json", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
    json.dump({
        "work": work, "logs": logs, "cluster": cluster, "pki": f"{cluster}/pki", "postgres": os.environ["ADDRESS"],
        "port": int(open(f"{cluster}/kubeconfig").read().split("https://127.0.0.1:")[1].split()[0]),
        "passwords": {"postgres": "$superuser", "litellm": "$password"}, "token": "$token",
        "provider": {name: "sk-provider-" + secrets.token_urlsafe(32) for name in models},
        "pgbouncer": "$pgbouncer",
        "java": json.loads(os.environ["JAVA_COMMAND"]),
    }, file)
PYTHON
}

new_run kill
[ -n "${KEEP:-}" ] || export CLUSTER_OWNER=$$
trap clean_up EXIT
trap 'exit 130' INT TERM
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
litellm=$("$e2e/parts/litellm.sh" "$version")
jdk=$("$e2e/parts/jdk.sh")
pgbouncer=$("$e2e/parts/pgbouncer.sh")
superuser=$(random) password=$(random)
busy "PostgreSQL with LiteLLM's schema, the operator's rights" "$logs/deploy.log" deploy
train "$jdk"
settings
in_cluster=(nsenter --net --target "$(cat "$CLUSTER_RUN/node.pid")")
"${in_cluster[@]}" "$litellm/venv/bin/python" "$e2e/kill/matrix.py" "$work/settings.json" --fill
sed "s|@LITELLM_IMAGE@|localhost/litellm:$version|" "$e2e/kill/standin.yaml" | kubectl apply --server-side -f - >/dev/null
busy "the stand-in proxy starts" "$logs/standin.log" kubectl -n ai rollout status deployment/litellm --timeout=90s
again="${in_cluster[*]} $litellm/venv/bin/python $e2e/kill/matrix.py $work/settings.json $*"
"${in_cluster[@]}" "$litellm/venv/bin/python" "$e2e/kill/matrix.py" "$work/settings.json" "$@" &
matrix=$!
wait "$matrix"
