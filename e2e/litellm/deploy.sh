#!/usr/bin/env bash
# deploy.sh VERSION STATE  installs PostgreSQL, a model provider and LiteLLM in namespace `ai` of the cluster that KUBECONFIG
# names, waits until LiteLLM is ready and fills its database through its own API. STATE is a directory that gets
# before.json: the keys and the contents as they are now, for prove.py; and the manifests as they are applied. All keys are random and new.
#   REPLICAS                       of LiteLLM (default 2)
#   NO_SALT=1                      without a salt key: the master key encrypts. before.json then has it as "salt"
#   REDIS=1                        with a Redis in which its replicas share their cache of keys
#   POOLER=1                       with a PgBouncer between LiteLLM and its database
#   TLS=1                          PostgreSQL and LiteLLM serve TLS and nothing else, with certificates by tls.sh; whoever asks them verifies
#                                  these. With the images of the rig only
#   CHART=1                        by Helm (HELM), with the names that LiteLLM's chart gives: see litellm-helm/. No salt key
#   LITELLM_IMAGE, POSTGRES_IMAGE, REDIS_IMAGE, POOLER_IMAGE  images to use instead of the rig's; LiteLLM then makes its schema itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
version=$1 state=$2 replicas=${REPLICAS:-2}
# Chat completions are not what it is for: no call type is cached.
shared_cache='\      cache: true\n      cache_params: {type: redis, supported_call_types: []}\n      enable_redis_auth_cache: true'
mkdir -p "$state"
chmod 700 "$state"

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(32))'; }
apply() { # file: with its images filled in, and what TLS=1 adds to it
  sed "s|@LITELLM_IMAGE@|${LITELLM_IMAGE:-localhost/litellm:$version}|; s|@POSTGRES_IMAGE@|${POSTGRES_IMAGE:-localhost/postgres:1}|
    s|@REDIS_IMAGE@|${REDIS_IMAGE:-localhost/redis:1}|; s|@POOLER_IMAGE@|${POOLER_IMAGE:-localhost/pooler:1}|; s|replicas: 2$|replicas: $replicas|
    ${REDIS:+/^    litellm_settings:/a $shared_cache}" \
    "$here/$1" >"$state/$1"
  if [ -n "${TLS:-}" ] && [ -f "$here/tls/$1" ]; then add_tls "$1"; fi
  kubectl apply --server-side -f "$state/$1" >/dev/null
}
add_tls() { # file
  local directory=$state/tls/${1%.yaml}
  mkdir -p "$directory"
  mv "$state/$1" "$directory/plain.yaml"
  cp "$here/tls/$1" "$directory/added.yaml"
  echo '{resources: [plain.yaml], patches: [{path: added.yaml}]}' >"$directory/kustomization.yaml"
  kubectl kustomize "$directory" >"$state/$1"
}
secret() { # name; NAME: "value" lines on standard input, so that no value is on a command line
  {
    printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: ai}\nstringData:\n' "$1"
    sed 's/^/  /'
  } | kubectl apply --server-side -f - >/dev/null
}

kubectl create namespace ai --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null
kubectl -n ai create configmap e2e-scripts --from-file="$here" --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null
master=sk-$(random) salt=sk-$(random) password=$(random)
salt_entry="LITELLM_SALT_KEY: \"$salt\""
[ -z "${NO_SALT:-}${CHART:-}" ] || { salt=$master; salt_entry=; }
a=sk-provider-$(random) b=sk-provider-$(random) c=sk-provider-$(random) d=sk-provider-$(random)
(
  umask 077
  cat >"$state/keys.json" <<JSON
{"master": "$master", "salt": "$salt", "password": "$password", "replicas": $replicas,
 "provider": {"a": "$a", "b": "$b", "c": "$c", "d": "$d"}}
JSON
)
[ -n "${CHART:-}" ] || secret litellm-keys <<YAML
LITELLM_MASTER_KEY: "$master"
$salt_entry
LITELLM_SMOKE_TEST_KEY: "$master"
LITELLM_HEALTH_API_KEY: "$master"
LITELLM_PROXY_API_KEY: "$master"
YAML
server=postgres
[ -z "${POOLER:-}" ] || server=pooler
verified=
if [ -n "${TLS:-}" ]; then
  [ -z "${POOLER:-}" ] || die "TLS=1 goes with no POOLER: the pooler speaks none"
  "$here/tls.sh" "$state"
  verified='?sslmode=require&sslaccept=strict&sslcert=/etc/internal-ca/ca.crt'
fi
secret litellm-db <<<"DATABASE_URL: \"postgresql://litellm:$password@$server.ai.svc.cluster.local:5432/litellm$verified\""
secret postgres-passwords <<YAML
postgres: "$(random)"
litellm: "$password"
YAML
secret provider-keys <<YAML
keys: "a=$a b=$b c=$c d=$d"
d: "$d"
YAML
if [ -n "${REDIS:-}" ]; then
  redis=$(random)
  secret redis-config <<<"redis.conf: \"requirepass $redis\\nprotected-mode no\\nsave ''\\n\""
  secret redis-url <<<"url: \"redis://:$redis@redis.ai.svc.cluster.local:6379/0\""
  # Names that LiteLLM reads by itself.
  secret litellm-redis <<YAML
REDIS_HOST: redis.ai.svc.cluster.local
REDIS_PORT: "6379"
REDIS_PASSWORD: "$redis"
YAML
  apply redis.yaml
fi
if [ -n "${POOLER:-}" ]; then
  # With auth_type any there is no file of users; whoever asks becomes litellm. options: the stand-in for LiteLLM's query engine
  # asks for UTC in them, which the server has anyway.
  secret pooler-config <<<"pgbouncer.ini: \"[databases]\nlitellm = host=postgres.ai.svc.cluster.local user=litellm password=$password\n\
[pgbouncer]\nlisten_addr = *\nlisten_port = 5432\nunix_socket_dir =\nauth_type = any\npool_mode = session\ndefault_pool_size = 60\n\
server_idle_timeout = 30\nignore_startup_parameters = options, extra_float_digits\n\""
fi

apply postgres.yaml
apply provider.yaml
apply toolbox.yaml
rollout() { # deployment, seconds: waits for it; says why when it does not come
  kubectl -n ai rollout status "deployment/$1" --timeout="$2s" && return
  kubectl -n ai get events --field-selector type!=Normal
  kubectl -n ai logs "deployment/$1" --tail=20
  return 1
}
busy "PostgreSQL starts" "$state/postgres.log" rollout postgres 90
[ -z "${REDIS:-}" ] || busy "Redis starts" "$state/redis.log" rollout redis 60
if [ -n "${POOLER:-}" ]; then
  apply pooler.yaml
  busy "PgBouncer starts" "$state/pooler.log" rollout pooler 60
fi

migrate() { # each file by itself, as Prisma would
  local migrations file
  migrations=$("$here/../parts/migrations.sh" "$version")
  for file in "$migrations"/*/migration.sql; do cat "$file"; printf '\n;\n'; done |
    kubectl -n ai exec -i deployment/postgres -- env PGOPTIONS="-c client_min_messages=error" psql -X -q -U litellm -d litellm --set=ON_ERROR_STOP=1 >/dev/null
}
if [ -z "${LITELLM_IMAGE:-}" ]; then
  migrate
  say "LiteLLM's database schema is made"
fi

# Values of the chart that have litellm.yaml's pods: they start as fast, and are ready as soon.
install_chart() {
  "$HELM" install litellm "$here/litellm-helm" --namespace ai --values - >/dev/null <<YAML
replicaCount: $replicas
image: {repository: localhost/litellm, tag: "$version", pullPolicy: IfNotPresent}
masterkey: "$master"
postgresql: {auth: {password: "$password"}}
envVars: {STORE_MODEL_IN_DB: "True", LITELLM_MODE: PRODUCTION}
extraEnvVars: [{name: CONFIG_FILE_PROVIDER_KEY, valueFrom: {secretKeyRef: {name: provider-keys, key: d}}}]
proxy_config:
  model_list:
    - model_name: config-file
      litellm_params: {model: openai/fake, api_base: "http://provider.ai.svc.cluster.local:8080/v1", api_key: os.environ/CONFIG_FILE_PROVIDER_KEY}
  litellm_settings: {request_timeout: 20, num_retries: 0}
startupProbe: {periodSeconds: 1, failureThreshold: 300}
readinessProbe: {periodSeconds: 2}
resources: {requests: {cpu: 250m, memory: 1Gi}}
volumes: [{name: tmp, emptyDir: {}}]
volumeMounts: [{name: tmp, mountPath: /tmp}]
YAML
}
if [ -n "${CHART:-}" ]; then install_chart; else apply litellm.yaml; fi
busy "LiteLLM $version starts, $replicas replicas" "$state/litellm.log" rollout litellm 600
busy "provider" "$state/provider.log" rollout provider 60
busy "toolbox" "$state/toolbox.log" rollout toolbox 60
(umask 077
  kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/seed.py <"$state/keys.json" >"$state/seed.json"
  python3 -c 'import json, sys; print(json.dumps({k: v for f in sys.argv[1:] for k, v in json.load(open(f)).items()}))' \
    "$state/keys.json" "$state/seed.json" >"$state/before.json"
  kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/oracle.py snapshot <"$state/before.json" >"$state/snapshot.json"
)
say "LiteLLM's database is filled: $(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["summary"])' "$state/seed.json")"
