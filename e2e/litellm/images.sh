#!/usr/bin/env bash
# images.sh VERSION  makes the images of LiteLLM, PostgreSQL, Redis (with REDIS=1) and PgBouncer (with POOLER=1) for the rig's cluster,
# as localhost/litellm:VERSION, localhost/postgres:1 and so on (see cluster/image.py: they hold next to no files). With --directories
# it prints instead what the cluster must show its containers (CLUSTER_SEES).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
only_directories=
if [ "$1" = --directories ]; then only_directories=1; shift; fi
litellm=$("$here/../parts/litellm.sh" "$1")
postgres=$("$here/../parts/postgres.sh")
redis=${REDIS:+$("$here/../parts/redis.sh")}
pooler=${POOLER:+$("$here/../parts/pgbouncer.sh")}
if [ -n "$only_directories" ]; then
  # The virtual environment's Python may come from elsewhere (pyenv), an unpacked PostgreSQL has its root above its bin.
  "$litellm/venv/bin/python" -c 'import sys; print(sys.base_prefix)'
  sed -n 's/^PRISMA_QUERY_ENGINE_BINARY=\(.*\)\/[^/]*$/\1/p' "$litellm/env"
  echo "$litellm"
  echo "${postgres%/usr/lib/postgresql/*}"
  [ -z "$redis" ] || dirname "$redis"
  [ -z "$pooler" ] || dirname "$pooler"
  exit
fi

# LITELLM_LOCAL_*: what LiteLLM would otherwise fetch from the internet at its start. DISABLE_SCHEMA_UPDATE: deploy.sh
# applies the migrations, since Prisma's migration engine is no package either.
mapfile -t env < <(sed 's/^/--env=/' "$litellm/env")
"$here/../cluster/image.sh" "localhost/litellm:$1" --entrypoint "$litellm/venv/bin/litellm" "${env[@]}" \
  --env HOME=/tmp --env DISABLE_SCHEMA_UPDATE=true --env LITELLM_TELEMETRY=False --env PYTHONUNBUFFERED=1 \
  --env LITELLM_LOCAL_MODEL_COST_MAP=True --env LITELLM_LOCAL_BLOG_POSTS=True \
  --env LITELLM_LOCAL_POLICY_TEMPLATES=True --env LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS=True
"$here/../cluster/image.sh" localhost/postgres:1 --user 65534 --entrypoint /entrypoint.sh \
  --file "$here/postgres-entrypoint.sh=/entrypoint.sh" --env "PATH=$postgres:/usr/bin:/bin" --env PGHOST=/tmp \
  --env "LD_LIBRARY_PATH=${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu" postgres
[ -z "$redis" ] || "$here/../cluster/image.sh" localhost/redis:1 --user 65534 --entrypoint /usr/bin/env \
  --env "PATH=${redis%/*}:/usr/bin:/bin" redis-server
[ -z "$pooler" ] || "$here/../cluster/image.sh" localhost/pooler:1 --user 65534 --entrypoint "$pooler" --env PATH=/usr/bin:/bin
