#!/usr/bin/env bash
# lock.sh VERSION...  writes locks/VERSION.txt: every Python package of that LiteLLM, with its exact version.
# For maintainers, when a LiteLLM version is added; the rig itself only reads the lock files.
#   prisma    the client that LiteLLM's database code uses; LiteLLM's own images install it separately, too
#   psycopg   how seed.py, prove.py and oracle.py speak to PostgreSQL
#   certifi   LiteLLM asks for a newer release than may be on the registry; any recent one does for the rig
set -euo pipefail
cd "$(dirname "$0")"
. ../../lib.sh
uv=$(../uv.sh)
for version in "$@"; do
  printf '%s\n' "litellm[proxy]==$version" prisma==0.15.0 'psycopg[binary]==3.3.9' |
    "$uv" pip compile --quiet --python-version 3.11 --no-annotate --no-header \
      --override <(echo certifi) --output-file "locks/$version.txt" -
  say "locks/$version.txt: $(grep -c == "locks/$version.txt") packages"
done
