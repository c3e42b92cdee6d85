#!/usr/bin/env bash
# upgrade.sh VERSION [Drain]  end-to-end test: the previous release (helm/previous), its chart and an operator that is built from its
# source, has begun to rotate both keys of a real LiteLLM of that version under load, with the fence. The first of two pods is being
# replaced when this release comes, by the commands of docs/install.md. The rotation has to end as if nothing had happened: no request
# fails, keys are made once, pods are replaced once, and the proof holds, down to an audit that the previous release did not write.
# With Drain there is no load, and this release comes while no pod serves.
# It is the only end-to-end test that installs by Helm; the others take the plain manifests. It takes no OPERATOR_ARCHIVE.
# The last line says `N passed, N failed`.
set -euo pipefail
version=${1:?which version of LiteLLM?} mode=${2:-Fenced}
. "$(dirname "$0")/test.sh"

charts=("$project"/helm/previous/keyrotation-*.tgz)
before=${charts[0]##*/keyrotation-} before=${before%.tgz}
after=$(sed -n 's/^version: //p' "$project/helm/keyrotation/Chart.yaml")

operator() { kubectl -n keyrotation-system "$@"; }

install_previous() {
  # The image's tag is the chart's own, so an upgrade brings another one.
  "$helm" install keyrotation "${charts[0]}" --namespace keyrotation-system --create-namespace \
    --set image.repository=localhost/keyrotation --set 'namespaces={ai}'
  operator rollout status deployment/keyrotation --timeout=120s
}

# The first commands below "Upgrade" on the page, as a person would run them.
upgrade() {
  local commands
  commands=$(awk '/^## Upgrade/ { here = 1 } here && /^    / { print; found = 1 } found && !/^    / { exit }' "$project/docs/install.md")
  echo "$commands"
  helm() { "$helm" "$@"; }
  cd "$project"
  eval "$commands"
}

images() { operator get pods -o 'jsonpath={range .items[*]}{.spec.containers[*].image}{"\n"}{end}' | sort -u; }
revision() { kubectl -n ai get deployment litellm -o 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}'; }
copies_in_definition() {
  kubectl get crd keyrotations.keyrotation.dev \
    -o 'jsonpath={.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.secretRef.properties.copies.type}'
}

# The rotation's id and step, and the ReplicaSet of the operator that acts: its host name, and so the holder of the epoch, begins
# with keyrotation-HASH-.
look() {
  kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.rotation.id} {.status.rotation.step} {.status.epoch.holder}' |
    awk 'NF == 3 { split($3, name, "-"); print $1, $2, name[2] }'
}

one_of_two_pods_is_replaced() {
  read -r id step acting < <(look)
  [ "$step" = RestartWorkloads ] && [ "$(revision)" = "$((was + 1))" ] &&
    [ "$(kubectl -n ai get deployment litellm -o 'jsonpath={.status.updatedReplicas} {.spec.replicas}')" = "1 2" ]
}

no_pod_serves() {
  read -r id step acting < <(look)
  case $step in PublishKeys | ReencryptData | RestartWorkloads) ;; *) return 1 ;; esac
  [ -z "$(kubectl -n ai get deployment litellm -o 'jsonpath={.status.availableReplicas}')" ]
}

another_operator_acts() {
  read -r id_then step_then acting_then < <(look) && [ "$acting_then" != "$acting" ]
}

echo "Upgrade from $before to $after in mid-rotation, with LiteLLM $version"
[ "$before" != "$after" ] || die "helm/previous has the version of helm/keyrotation"
# `make test` has built the operator just before.
SKIP_BUILD=1 prepare "$version"
helm=$("$e2e/parts/helm.sh")
previous=$("$e2e/parts/previous.sh")
start_cluster "$version" "$previous"
operator_image "localhost/keyrotation:$before" "$previous"
operator_image "localhost/keyrotation:$after" "$operator_build"
"$e2e/litellm/deploy.sh" "$version" "$work/state"
busy "the previous release starts" "$logs/install.log" install_previous
check "the previous release runs" [ "$(images)" = "localhost/keyrotation:$before" ]
check "… with a definition of its own, without copies of the master key" [ -z "$(copies_in_definition)" ]

[ "$mode" = Drain ] || start_load
snapshot
was=$(revision)
phase "rotation by $before"
sed "s|^  keys:|  strategy: $mode\n&|" "$project/examples/keyrotation.yaml" | kubectl apply -f -
if [ "$mode" = Drain ]; then
  wait_for 300 "a rotation that has stopped all pods" no_pod_serves
else
  wait_for 300 "a rotation that replaces the first of two pods" one_of_two_pods_is_replaced
fi
check "$before wrote no audit" [ -z "$(kubectl -n ai get configmap litellm-audit --ignore-not-found -o name)" ]
# Its pods are gone when all logs are saved.
operator logs -l app.kubernetes.io/name=keyrotation --prefix --tail=-1 >"$logs/operator-$before.log"

phase "upgrade, and rotation by $after"
busy "upgrade, with $id in step $step" "$logs/upgrade.log" upgrade
wait_for 120 "an operator of $after that acts" another_operator_acts
check "$id is still under way when $after takes over, in step $step_then" [ "$id" = "$id_then" ]
check "an audit is written now" wait_for 30 "the audit" kubectl -n ai get configmap litellm-audit
operator rollout status deployment/keyrotation --timeout=120s >/dev/null
check "all pods of the operator are of the new image" [ "$(images)" = "localhost/keyrotation:$after" ]
check "… and their Deployment of the new chart" [ "$after keyrotation-$after" = \
  "$(operator get deployment keyrotation -o 'jsonpath={.metadata.labels.app\.kubernetes\.io/version} {.metadata.labels.helm\.sh/chart}')" ]
check "the definition is the new one" [ "$(copies_in_definition)" = array ]
follow "the rotation succeeds"
check "it was one with $mode" ended_in_mode "$mode"
phase "proof"
prove upgrade
phase "the end"
if [ "$mode" = Drain ]; then
  echo "no pod served for $(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.history[0].unavailableSeconds}') s"
else
  stop_load
  say_load
fi

result=0
diff - <(
  echo "revision of the Deployment: $(revision)"
  echo "containers restarted: $(kubectl -n ai get pods -l app=litellm -o 'jsonpath={.items[*].status.containerStatuses[*].restartCount}')"
  echo "key Secrets: $(kubectl -n ai get secrets -l app.kubernetes.io/managed-by=keyrotation -o 'jsonpath={.items[*].metadata.name}')"
  echo "rotations: $(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.history[*].id}')"
) <<ONCE || result=$?
revision of the Deployment: $((was + 1))
containers restarted: 0 0
key Secrets: litellm-r1 litellm-r2
rotations: $id
ONCE
checked "pods were replaced once, keys were made once, there was one rotation" "$result"
keyrotation() { JAVA_HOME=$("$e2e/parts/jdk.sh") "$project/bin/keyrotation" "$@"; }
check "the audit lacks nothing of what the status tells" keyrotation audit verify -n ai litellm

finish
