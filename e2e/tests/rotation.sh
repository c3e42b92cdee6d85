#!/usr/bin/env bash
# rotation.sh VERSION  end-to-end test: both keys of a real LiteLLM of that version are rotated on a real Kubernetes, and the
# proof must hold, as in the demo. It is the load test in small: two replicas are under load, in a restart and in the rotation, and no
# request may fail. Besides:
#   - before it, the proof must notice that nothing was rotated yet;
#   - the operator's database role has what `keyrotation grants` prints and nothing else: with the fence for the first rotation,
#     without it for the second;
#   - a copy of the master key in another namespace, which grants it, must follow both times;
#   - the same manifest applied again, and a restart of the operator, must change nothing;
#   - a second rotation, with Drain, must succeed although the operator is killed in each of its steps, and although all manifests
#     are applied again every other second, as GitOps tools do that heal by themselves. Pods are replaced once, keys are made once.
#   - the command must find the audit intact, and a line that was changed.
# TLS=1: the same with PostgreSQL and LiteLLM over TLS, as in examples/tls.yaml. Before it, the operator must refuse to begin where the spec
# names no authority, another one than that of the pods, or not the name in their certificate; and nothing may be changed then.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:?which version of LiteLLM?}
. "$(dirname "$0")/test.sh"

rotation_step() {
  kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.rotation.step}{.status.rotation.direction}'
}

# Kills the operator without grace once in each step, shortly after the step has begun; ends when the rotation does.
kill_operator_in_each_step() {
  local seen=' ' step kills=0 end=$((SECONDS + 900))
  while [ "$SECONDS" -lt "$end" ]; do
    step=$(rotation_step 2>/dev/null) || step=
    if [ -z "$step" ]; then
      [ "$kills" = 0 ] || break
    elif [ "${seen/ $step /}" = "$seen" ]; then
      seen+="$step "
      kills=$((kills + 1))
      kubectl -n keyrotation-system delete pods --all --grace-period=0 --force --wait=false >/dev/null 2>&1 || :
    fi
    sleep 0.2
  done
  echo "$kills" >"$work/kills"
}

# What a GitOps tool with self-heal does, and what people do beside it: the same manifests again, by a field manager of its own and
# client-side, until heal.stop is there. Its last line is how often.
self_heal() {
  local rounds=0 manifests=(-f "$work/keyrotation.yaml" -f "$work/litellm.yaml")
  while [ ! -e "$work/heal.stop" ]; do
    kubectl apply --server-side --force-conflicts --field-manager=argocd-controller "${manifests[@]}" || return
    kubectl apply "${manifests[@]}" || return
    rounds=$((rounds + 1))
    sleep 2
  done
  echo "$rounds"
}

# What tells of restarts and of new keys.
changes() {
  echo "revision of the Deployment: $(kubectl -n ai get deployment litellm -o 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}')"
  echo "containers restarted: $(kubectl -n ai get pods -l app=litellm -o 'jsonpath={.items[*].status.containerStatuses[*].restartCount}')"
  echo "key Secrets: $(kubectl -n ai get secrets -l app.kubernetes.io/managed-by=keyrotation -o 'jsonpath={.items[*].metadata.name}')"
  echo "rotations: $(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.history[*].id}')"
}

# A client in a namespace of its own, with a copy of the master key. Who owns the Secret grants it; the Role is that of the chart.
make_client() {
  kubectl create namespace clients >/dev/null
  kubectl apply --server-side -f - >/dev/null <<YAML
apiVersion: v1
kind: Secret
metadata:
  name: chat-ui
  namespace: clients
  annotations: {keyrotation.dev/copy-of: ai/litellm}
stringData:
  token: "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["master"])' "$work/state/keys.json")"
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: keyrotation-copies, namespace: clients}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, patch], resourceNames: [chat-ui]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: keyrotation-copies, namespace: clients}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: keyrotation-copies}
subjects: [{kind: ServiceAccount, name: keyrotation, namespace: keyrotation-system}]
YAML
}

# The example, with the database role of its own, the client's copy and, as the one for TLS has none, mirrors.
example() {
  local file=keyrotation copies='copies: [{namespace: clients, name: chat-ui, key: token}]'
  local mirrors='mirrors: [LITELLM_SMOKE_TEST_KEY, LITELLM_HEALTH_API_KEY, LITELLM_PROXY_API_KEY]'
  [ -z "${TLS:-}" ] || file=tls
  sed "s|name: litellm-db$|name: keyrotation-db|; s|^    name: litellm-keys.*|&\n    $copies${TLS:+\n    $mirrors}|" \
    "$project/examples/$file.yaml"
}

# What stands against a rotation: of each finding the reason, and what is wrong with the certificate.
findings() {
  kubectl -n ai get keyrotation litellm -o 'jsonpath={range .status.plan.findings[*]}{@}{"\n"}{end}' |
    sed -E 's/^(\w+): .* certificate (of an authority that is not trusted|that is not for the name) .*/\1: \2/' | sort -u
}

findings_are() { [ "$(findings)" = "$1" ]; }

refuses() { # why, findings; the manifest on standard input
  local result=0
  kubectl apply -f - >/dev/null
  wait_for 90 "a refusal" findings_are "$2" || { result=1; findings >&2; }
  checked "refused: $1" "$result"
}

# All that a rotation would change first: Secrets, the pods' template, schemas of the database; and whether there is a rotation.
world() {
  kubectl -n ai get secrets,configmaps -o 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{"\n"}{end}' |
    grep -v ' litellm-audit'
  kubectl -n ai get deployment litellm -o 'jsonpath={.metadata.generation} {.metadata.annotations}{"\n"}'
  kubectl -n ai exec deployment/postgres -- psql -X -A -t -U postgres -d litellm -c '\dn'
  kubectl -n ai get keyrotation litellm --ignore-not-found -o 'jsonpath={.status.rotation}{.status.history}'
}

plain_login_is_refused() {
  grep -q 'no pg_hba.conf entry .* no encryption' <<<"$(kubectl -n ai exec deployment/toolbox -- python3 -c \
    'import os, psycopg; psycopg.connect(os.environ["DATABASE_URL"].split("?")[0], sslmode="disable")' 2>&1)"
}

# The database's authority comes from a Secret, that of the pods from a ConfigMap; kube-root-ca.crt has another one.
refuse_what_cannot_be_verified() {
  local unknown='of an authority that is not trusted'
  world >"$logs/world-before.txt"
  check "PostgreSQL lets nobody in from the network without TLS" plain_login_is_refused
  refuses "no authority is named" "EvidenceUnknown: $unknown"$'\n'"TlsFailed: $unknown" \
    < <(example | sed '/^    tls:$/,/key: ca.crt/d; /^  proxy:/d')
  refuses "pods have a certificate of another authority" "EvidenceUnknown: $unknown" < <(example | sed 's/name: internal-ca$/name: kube-root-ca.crt/')
  refuses "pods have a certificate for another name" "EvidenceUnknown: that is not for the name" < <(example | sed '/serverName:/d')
  world >"$logs/world-refused.txt"
  check "… and nothing was changed" diff "$logs/world-before.txt" "$logs/world-refused.txt"
}

copies_updated() { [ "$(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.history[0].copies.updated}')" = 1 ]; }

# In the server's own words.
belongs_to_owner() {
  kubectl -n ai exec deployment/postgres -- psql -X -A -t -U postgres -d litellm -c "SELECT pg_has_role('keyrotation', 'litellm', 'MEMBER')"
}

echo "End-to-end test with LiteLLM $version"
# `make test` has built the operator just before.
SKIP_BUILD=1 prepare "$version"
start_cluster "$version"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
"$e2e/litellm/role.sh" "$work/state" --fence
make_client
start_operator

# A proof that cannot fail proves nothing.
result=0
python3 "$e2e/prove.py" "$work/state" >"$logs/proof-before.txt" || result=$?
checked "the proof notices that nothing was rotated yet" $((result == 0))
for word in "LITELLM_MASTER_KEY is new" "LITELLM_SALT_KEY is new" "all encrypted values"; do
  check "… by: $word" grep "FAIL .*$word" "$logs/proof-before.txt"
done

if [ -n "${TLS:-}" ]; then
  echo "What cannot be verified is refused"
  refuse_what_cannot_be_verified
fi

start_load
snapshot
echo "kubectl rollout restart, for comparison"
phase "kubectl rollout restart"
began=$EPOCHREALTIME
restart 2
restarted=$(since "$began")
phase "rotation of both keys"
example | kubectl apply -f -
follow "the rotation succeeds"
check "old pods were fenced, none was stopped before its successor was ready" ended_in_mode Fenced
check "the copy of the master key in another namespace was updated and read back" copies_updated
phase "proof"
prove first
phase "the end"
stop_load
say_load
# Shown and not judged: what else this machine does would decide. load.sh judges it.
echo "kubectl rollout restart took $restarted s; the rotation $(verified) s, until all pods were verified"

echo "The same manifest again, and a restart of the operator"
before=$(kubectl -n ai get secret litellm-keys -o 'jsonpath={.metadata.resourceVersion}')
example | kubectl apply -f - >/dev/null
kubectl -n keyrotation-system rollout restart deployment >/dev/null
kubectl -n keyrotation-system rollout status deployment --timeout=120s >/dev/null
sleep 15
check "no key was changed" [ "$before" = "$(kubectl -n ai get secret litellm-keys -o 'jsonpath={.metadata.resourceVersion}')" ]

echo "A second rotation, with Drain, with the operator killed in each step and all manifests applied again and again"
remember_keys
changes >"$logs/changes-before.txt"
# Without the number of replicas, which a tool must not put back while all pods are to be stopped.
sed '/^  replicas: /d' "$work/state/litellm.yaml" >"$work/litellm.yaml"
example | sed 's|request: "first"|request: "second"|; s|^  keys:|  strategy: Drain\n&|' >"$work/keyrotation.yaml"
# Drain sets no policy on tables, so the role need not belong to their owner any more.
"$e2e/litellm/role.sh" "$work/state"
check "the operator's database role is no superuser and not LiteLLM's" [ "$(belongs_to_owner)" = f ]
kill_operator_in_each_step &
killer=$!
kubectl apply --server-side --force-conflicts --field-manager=argocd-controller -f "$work/keyrotation.yaml" >/dev/null
self_heal >"$logs/self-heal.log" 2>&1 &
healing=$!
result=0
python3 "$e2e/follow.py" 900 || result=$?
wait "$killer" || :
checked "the rotation succeeds although the operator was killed $(cat "$work/kills") times" "$result"
prove second
touch "$work/heal.stop"
result=0
wait "$healing" || result=$?
rounds=$(tail -n 1 "$logs/self-heal.log")
checked "the manifests were applied ${rounds%%[!0-9]*} times, server-side and client-side" $((result != 0 || ${rounds%%[!0-9]*}0 < 30))
changes >"$logs/changes.txt"
result=0
diff - "$logs/changes.txt" <<ONCE || result=$?
revision of the Deployment: $(($(sed -n 's/^revision.*: //p' "$logs/changes-before.txt") + 1))
containers restarted: 0 0
key Secrets: litellm-r1 litellm-r2 litellm-r3
rotations: litellm-r3 litellm-r2
ONCE
checked "… and pods were replaced once, keys were made once" "$result"

echo "The audit, as the command checks it"
keyrotation() { JAVA_HOME=$("$e2e/parts/jdk.sh") "$project/bin/keyrotation" "$@"; }
check "it is intact and lacks nothing of what the status tells" keyrotation audit verify -n ai litellm
keyrotation report -n ai litellm >"$logs/report.txt"
check "a report tells who and why" grep -E '^Made by +field manager ' "$logs/report.txt"
kubectl -n ai get configmap litellm-audit -o json | sed 's/Succeeded/RolledBack/' | kubectl replace -f - >/dev/null
result=0
keyrotation audit verify -n ai litellm >"$logs/verify.txt" || result=$?
checked "a changed line is found" $((result != 3))
check "… and named" grep 'of ConfigMap litellm-audit) is the first' "$logs/verify.txt"

echo "The commands of the runbooks"
result=0
python3 "$e2e/runbooks.py" "$project/docs/runbooks" NAMESPACE=ai NAME=litellm OPERATOR_NAMESPACE=keyrotation-system || result=$?
checked "each command works" "$result"

finish
