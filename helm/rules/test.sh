#!/usr/bin/env bash
# test.sh  checks the alerts with Prometheus' own promtool: their syntax, and that each fires when it should and at rest
# none does. PROMTOOL names one to use; without it promtool is built from its Go module, once, into the cache (12 minutes
# of CPU time).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../e2e/lib.sh"
directory=$cache/promtool-$(fingerprint "$here"/promtool/go.{mod,sum})

build() { (cd "$here/promtool" && nice go build -o "$directory/promtool" github.com/prometheus/prometheus/cmd/promtool); }
if [ -z "${PROMTOOL:-}" ]; then
  part "$directory" "promtool" build
  PROMTOOL=$directory/promtool
fi
"$PROMTOOL" check rules "$here/../keyrotation/files/alerts.yaml"
"$PROMTOOL" test rules "$here/tests.yaml"
