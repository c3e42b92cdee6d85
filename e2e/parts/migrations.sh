#!/usr/bin/env bash
# migrations.sh VERSION...  fetches the SQL migrations that make the database schema of these LiteLLM versions, and prints
# one directory a version: it holds NAME/migration.sql, to be applied in the order of the names. Only the small package
# `litellm-proxy-extras` is downloaded, in the version that the LiteLLM version asks for.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
[ $# -gt 0 ] || die "usage: $(basename "$0") VERSION... (for example 1.108.4)"

# The version is written down here, because asking pip for it would mean downloading all of LiteLLM.
declare -A extras=([1.80.17]=0.4.23 [1.100.4]=0.4.91 [1.108.4]=0.4.110)

fetch() { # version of litellm-proxy-extras
  "$pip" download --disable-pip-version-check --no-deps --only-binary=:all: --dest . "litellm-proxy-extras==$1"
  python3 -m zipfile -e ./*.whl unpacked
  mv unpacked/litellm_proxy_extras/migrations/*/ .
  rm -rf unpacked ./*.whl
}

pip=$(dirname "$("$here/uv.sh")")/pip
for version in "$@"; do
  [ -n "${extras[$version]:-}" ] || die "no litellm-proxy-extras version known for LiteLLM $version: add it to $0"
  directory=$cache/migrations/$version
  part "$directory" "migrations of LiteLLM $version (PyPI)" fetch "${extras[$version]}"
  echo "$directory"
done
