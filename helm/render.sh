#!/usr/bin/env bash
# render.sh [--check]  writes what is made from the chart: deploy/operator and deploy/monitoring, so that there is one
# source, and helm/snapshots, so that a change of a template shows in a review. With --check it changes nothing and fails
# when they differ. HELM names the Helm to use; without it Helm is built, once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
HELM=$("$here/../e2e/parts/helm.sh")
project=$here/..
made=(deploy/operator/operator.yaml deploy/monitoring/prometheus.yaml deploy/monitoring/grafana-dashboard.json
  helm/snapshots/all-namespaces.yaml helm/snapshots/restricted.yaml)

render() { # values, template...: all templates when none is named
  local values=$1 template shown=()
  shift
  for template in "$@"; do shown+=(--show-only "templates/$template"); done
  echo "# Made from helm/keyrotation by helm/render.sh: change it there."
  "$HELM" template keyrotation "$here/keyrotation" --namespace keyrotation-system --set "$values" "${shown[@]}" |
    sed '/^# Source: /d; s/ *$//' | cat -s
}

plain() { sed '/^ *helm.sh\/chart: /d; /^ *app.kubernetes.io\/managed-by: /d'; }

write() { # directory
  local file
  for file in "${made[@]}"; do mkdir -p "$1/${file%/*}"; done
  render "namespaces={ai}" service-account.yaml access.yaml leader-election.yaml deployment.yaml disruption-budget.yaml \
    service.yaml | plain >"$1/deploy/operator/operator.yaml"
  render "namespaces={ai},metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true" monitoring.yaml |
    plain >"$1/deploy/monitoring/prometheus.yaml"
  cp "$here/keyrotation/files/dashboard.json" "$1/deploy/monitoring/grafana-dashboard.json"
  render "allNamespaces=true,replicas=1" >"$1/helm/snapshots/all-namespaces.yaml"
  render "namespaces={ai,research},secrets.names={litellm-keys,litellm-db},secrets.rotations={litellm},\
secrets.revisions=3,logFormat=json,networkPolicy.enabled=true,image.digest=sha256:$(printf '0%.0s' {1..64}),\
priorityClassName=high,podLabels.team=ai,copies[0].namespace=ui,copies[0].names={litellm-client}" >"$1/helm/snapshots/restricted.yaml"
}

if [ "${1:-}" = --check ]; then
  new=$(mktemp -d)
  trap 'rm -rf "$new"' EXIT
  write "$new"
  for file in "${made[@]}"; do
    diff -u "$project/$file" "$new/$file" || {
      echo "error: $file is not what the chart says: run helm/render.sh and commit" >&2
      exit 1
    }
  done
else
  write "$project"
fi
