# shellcheck shell=bash
# rig.sh  a cluster with PostgreSQL, LiteLLM's schema and the operator's rights, and what starts operators as processes: for the kill
# matrix and for hosts beside a cluster. Sourced after ../lib.sh and ../rig.sh.

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
  kubectl -n ai rollout status deployment/postgres --timeout=180s >/dev/null
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

# What matrix.py must know, with MORE_SETTINGS (a JSON object); its own directory is readable by nobody else.
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
        "pgbouncer": "${pgbouncer:-}",
        "java": json.loads(os.environ["JAVA_COMMAND"]), **json.loads(os.environ.get("MORE_SETTINGS") or "{}"),
    }, file)
PYTHON
}
