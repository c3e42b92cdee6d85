#!/usr/bin/env bash
# role.sh STATE [--fence]  gives database role `keyrotation` of the cluster that KUBECONFIG names what `keyrotation grants` prints, and
# nothing else; makes it first, with Secret `keyrotation-db` for spec.database.urlFrom. After deploy.sh, with the operator built.
# The command runs on this machine and reaches the database by a port-forward, as docs/database.md says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
state=$1
shift

superuser() { kubectl -n ai exec -i deployment/postgres -- psql -X -q -U postgres -d litellm --set=ON_ERROR_STOP=1 "$@"; }
entry() { # file, name: a text of a JSON file
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"
}

if [ ! -e "$state/role.json" ]; then
  (umask 077; python3 -c 'import json, secrets; print(json.dumps({"password": secrets.token_urlsafe(32)}))' >"$state/role.json")
  superuser <<<"CREATE ROLE keyrotation LOGIN PASSWORD '$(entry "$state/role.json" password)'"
  # Nothing comes to it by way of PUBLIC.
  superuser -c "REVOKE ALL ON DATABASE litellm FROM PUBLIC" -c "REVOKE ALL ON SCHEMA public FROM PUBLIC"
  kubectl apply --server-side -f - >/dev/null <<YAML
apiVersion: v1
kind: Secret
metadata: {name: keyrotation-db, namespace: ai}
stringData:
  DATABASE_URL: "postgresql://keyrotation:$(entry "$state/role.json" password)@postgres.ai.svc.cluster.local:5432/litellm"
YAML
else
  superuser -c "REVOKE litellm FROM keyrotation" 2>/dev/null
fi

# A port-forward is encrypted by itself. kubectl ends it as a whole when one connection in it is reset: TLS inside of it ends so always,
# plain ones now and then on a busy machine.
print_grants() {
  local port result=0
  rm -f "$state/forward.log"     # nobody is to read the port of the one before
  kubectl -n ai port-forward deployment/postgres :5432 >"$state/forward.log" 2>&1 &
  forward=$!
  wait_for 20 "the port-forward to PostgreSQL" grep -q '127.0.0.1:[0-9]* ->' "$state/forward.log"
  port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\) ->.*/\1/p' "$state/forward.log" | head -n 1)
  (umask 077; echo "DATABASE_URL=postgresql://litellm:$(entry "$state/keys.json" password)@127.0.0.1:$port/litellm?sslmode=disable" >"$state/grants.env")
  JAVA_HOME=${JAVA_HOME:-$("$here/../parts/jdk.sh")} "$project/bin/keyrotation" grants "$@" -f "$state/grants.yaml" --state-dir "$state/grants" \
    >"$state/grants.sql" || { result=$?; cat "$state/forward.log" >&2; }
  kill "$forward" 2>/dev/null || :
  return "$result"
}

trap 'kill ${forward:-} 2>/dev/null || :' EXIT
cat >"$state/grants.yaml" <<YAML
apiVersion: keyrotation.dev/v1alpha1
kind: KeyRotation
metadata: {name: litellm, namespace: ai}
spec:
  keys: [Master, Salt]
  secretRef: {name: litellm-keys}
  database: {urlFrom: {environmentFile: {path: $state/grants.env}}}
  workloads: [{deployment: {name: litellm}}]
YAML
print_grants "$@" || print_grants "$@" || print_grants "$@"
grep -q '^GRANT' "$state/grants.sql" || die "keyrotation grants printed no grant"
superuser <"$state/grants.sql"
rm "$state/grants.env"
say "role keyrotation has what keyrotation grants${*:+ }$* prints: $(grep -c ';$' "$state/grants.sql") statements"
