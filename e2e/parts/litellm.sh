#!/usr/bin/env bash
# litellm.sh VERSION  installs that LiteLLM from PyPI with its Prisma client, and prints the directory:
#   venv/           the virtual environment
#   env             environment variables that LiteLLM needs to run from here, one NAME=value a line
#
# LiteLLM's database client (prisma-client-py) wants a native "query engine" that it downloads at first use from a server
# that is no package registry. Here a stand-in speaks the engine's protocol and runs Prisma's own WASM build of the same
# engine, which npm has: see query-engine-shim.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
version=${1:?which version of LiteLLM? see $here/litellm/locks}
lock=$here/litellm/locks/$version.txt
[ -f "$lock" ] || die "no lock file for LiteLLM $version; $here/litellm/lock.sh $version makes one"
command -v npm >/dev/null || die "no Node.js: install nodejs and npm"

engine=$cache/query-engine-$(fingerprint "$here"/litellm/{package-lock.json,query-engine-shim,stub/prisma})
# With the engine's name, which the environment names.
directory=$cache/litellm-$version-$(fingerprint "$lock" "$0" - <<<"$engine")

install_engine() {
  cp -r "$here"/litellm/{package.json,package-lock.json,query-engine-shim,stub} .
  npm ci --ignore-scripts --no-audit --no-fund
}

install_litellm() {
  local uv python packages
  uv=$("$here/uv.sh")
  # A Python below /usr is preferred: the pods see /usr anyway.
  python=/usr/bin/python3
  "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || python=$(command -v python3)
  export UV_CACHE_DIR=$cache/uv-cache UV_SYSTEM_CERTS=true UV_NO_PROGRESS=true
  "$uv" venv --python "$python" venv
  # Compiled now, because the pods cannot write into this directory and would compile at each start.
  "$uv" pip install --python venv/bin/python --no-deps --compile-bytecode --requirements "$lock"

  packages=$(echo "$PWD"/venv/lib/python3*/site-packages)
  # binaryTargets names engines that would have to be downloaded.
  sed '/binaryTargets/d' "$packages/litellm/proxy/schema.prisma" >"$packages/prisma/rig.prisma"
  PATH="$PWD/venv/bin:$PATH" CHECKPOINT_DISABLE=1 PRISMA_ENGINES_MIRROR=http://127.0.0.1:9 \
    PRISMA_CLI_QUERY_ENGINE_TYPE=binary PRISMA_QUERY_ENGINE_BINARY="$engine/query-engine-shim" \
    PRISMA_SCHEMA_ENGINE_BINARY="$engine/stub/prisma" \
    node "$engine/node_modules/prisma/build/index.js" generate --schema="$packages/prisma/rig.prisma"
  venv/bin/python -m compileall -q "$packages/prisma"

  cat >"$PWD/env" <<ENV
PATH=$engine/stub:$PWD/venv/bin:/usr/bin:/bin
PRISMA_QUERY_ENGINE_BINARY=$engine/query-engine-shim
ENV
}

part "$engine" "Prisma's query engine (npm)" install_engine
"$here/uv.sh" >/dev/null
part "$directory" "LiteLLM $version (PyPI)" install_litellm
echo "$directory"
