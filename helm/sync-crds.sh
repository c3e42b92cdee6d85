#!/usr/bin/env bash
# sync-crds.sh [--check]  copies deploy/crds into the chart, since Helm takes definitions from a directory of the chart
# only; with --check it changes nothing and fails when they differ.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../deploy/crds copy=$here/keyrotation/crds
if [ "${1:-}" = --check ]; then
  diff -r "$source" "$copy" || {
    echo "error: helm/keyrotation/crds is not deploy/crds: run helm/sync-crds.sh and commit" >&2
    exit 1
  }
else
  rm -rf "$copy"
  cp -r "$source" "$copy"
fi
