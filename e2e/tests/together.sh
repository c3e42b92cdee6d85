#!/usr/bin/env bash
# together.sh TEST...  runs tests of this directory side by side: those that mostly wait. Each line begins with the name of its test. All
# run to their end, and it fails when one has failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
declare -A running=()
trap 'kill "${running[@]}" 2>/dev/null || :' INT TERM
for test in "$@"; do
  "$here/$test" </dev/null > >(exec sed --unbuffered "s/^/${test%.sh}: /") 2>&1 &
  running[$test]=$!
done
failed=0
for test in "$@"; do
  if ! wait "${running[$test]}"; then
    echo "together.sh: $test has failed" >&2
    failed=1
  fi
done
exit "$failed"
