# shellcheck shell=bash
# rig.sh  the parts of a run that the demo and the end-to-end tests share. Sourced after lib.sh.

# work: the run's own directory, removed at its end (kubeconfig, keys before the rotation). logs: kept.
new_run() { # name
  work=$(mktemp -d -t keyrotation.XXXXXX)
  logs=$cache/logs/$1-$(date +%Y%m%d-%H%M%S)
  mkdir -p "$logs"
  # Only the last few runs are worth their space.
  # By time, not by name: the names begin with what ran, and this run's own directory must be among those that stay.
  find "$cache/logs" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +9 | cut -d' ' -f2- | xargs -r rm -rf
  export CLUSTER_RUN=$work/cluster KUBECONFIG=$work/cluster/kubeconfig
}

# All parts, and the operator's build. Kubernetes takes both cores for minutes the first time, but the others mostly wait for
# downloads or use one core: they run beside it.
prepare() { # version of LiteLLM
  # A process group of its own (set -m), so that stop_preparing ends it with all that it started.
  set -m
  KEYROTATION_QUIET=1 prepare_others "$1" </dev/null &
  preparing=$!
  set +m
  "$e2e/parts/kubernetes.sh" >/dev/null
  ticker "the operator (make package) and the rest" /dev/null "$preparing"
  [ ! -t 2 ] || printf '\r\033[K' >&2
  wait "$preparing"
  preparing=
}

prepare_others() {
  set -e
  "$e2e/parts/node.sh" >/dev/null
  "$e2e/parts/postgres.sh" >/dev/null
  "$e2e/parts/migrations.sh" "$1" >/dev/null
  "$e2e/parts/litellm.sh" "$1" >/dev/null
  build_operator
}

stop_preparing() { [ -z "${preparing:-}" ] || kill -TERM -- "-$preparing" 2>/dev/null || :; }

build_operator() { # SKIP_BUILD: take the one that is there
  local jar=$project/target/quarkus-app/quarkus-run.jar
  if [ -n "${SKIP_BUILD:-}${OPERATOR_IMAGE:-}" ] && [ -f "$jar" ]; then return; fi
  busy "operator (make package)" "$logs/build.log" make -C "$project" package
  [ -f "$jar" ] || die "make package left no $jar"
}

# The cluster of the rig, with kubectl on PATH and the images of LiteLLM, PostgreSQL and the operator, whose build is operator_build.
start_cluster() { # version of LiteLLM, more directories that containers are to see
  local version=$1 jdk build=$project/target/quarkus-app
  shift
  jdk=$("$e2e/parts/jdk.sh")
  PATH=$("$e2e/parts/kubernetes.sh"):$PATH
  # The operator's pod has a /tmp of its own, which would hide it.
  case $build in /tmp/*) cp -r "$build" "$logs/operator"; build=$logs/operator ;; esac
  # shellcheck disable=SC2034  # for the scripts that source this file
  operator_build=$build
  CLUSTER_SEES="$("$e2e/litellm/images.sh" --directories "$version" | sort -u | xargs) $jdk $build $*"
  export PATH CLUSTER_SEES
  "$e2e/cluster/up.sh" >/dev/null
  "$e2e/litellm/images.sh" "$version"
  if [ -n "${OPERATOR_ARCHIVE:-}" ]; then import_operator; return; fi
  operator_image localhost/keyrotation:1 "$build"
}

# An image that runs a build of the operator on this machine's JDK. The cluster has to show both (CLUSTER_SEES).
operator_image() { # image, build
  local jdk
  jdk=$("$e2e/parts/jdk.sh")
  # The same options as in the Dockerfile.
  "$e2e/cluster/image.sh" "$1" --user 65532 --env "JAVA_HOME=$jdk" --env PATH=/usr/bin:/bin \
    --entrypoint="$jdk/bin/java" --entrypoint=-XX:+UseSerialGC --entrypoint=-XX:TieredStopAtLevel=1 \
    --entrypoint=-XX:MaxRAMPercentage=60 --entrypoint=-XX:+ExitOnOutOfMemoryError \
    --entrypoint=-jar --entrypoint="$2/quarkus-run.jar"
}

# The image that image.sh built (OPERATOR_ARCHIVE) in place of this machine's JDK and the build. It has all its files, so its pods
# are shown none of this machine's.
import_operator() {
  local tools
  tools=$("$e2e/parts/node.sh")
  "$tools/usr/bin/ctr" -a "$CLUSTER_RUN/containerd.sock" -n k8s.io images import --no-unpack "$OPERATOR_ARCHIVE" >/dev/null
  kubectl apply --server-side -f - >/dev/null <<<'{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: image}, handler: image}'
  OPERATOR_IMAGE=localhost/keyrotation:built
}

start_operator() {
  local whole=${OPERATOR_ARCHIVE:+'; s|^      serviceAccountName: .*|&\n      runtimeClassName: image|'}
  kubectl apply --server-side -f "$project/deploy/crds" >/dev/null
  kubectl kustomize "$project/deploy/operator" | sed "s|image: .*|image: ${OPERATOR_IMAGE:-localhost/keyrotation:1}|$whole" |
    kubectl apply --server-side -f - >/dev/null
  busy "operator starts" "$logs/operator-rollout.log" \
    kubectl -n keyrotation-system rollout status deployment --timeout=120s
}

# Asks LiteLLM for chat completions through the Service, a few a second, until stop_prober.
start_prober() {
  python3 -c 'import json, sys; print(json.dumps({**json.load(sys.stdin), "seconds": 1200}))' <"$work/state/before.json" |
    kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/probe.py watch >"$logs/prober.json" 2>&1 &
  prober=$!
}

stop_prober() {
  kubectl -n ai exec deployment/toolbox -- touch /tmp/watch.stop
  wait "$prober" || :
  python3 - "$logs/prober.json" <<'PYTHON'
import json, sys
seen = json.load(open(sys.argv[1]))
print(f"  {seen['right']} right answers, {seen['failed']} failed requests in {seen['seconds']:.0f} s; "
      f"unavailable for {seen['unavailable_seconds']} s")
for problem in seen["first_problems"]:
    print("    " + problem)
PYTHON
}

# After a rotation: what prove.py is to take for the old keys next time.
remember_keys() { # Secret and its entry with the master key, if not those of the example
  (umask 077
    kubectl -n ai get secret "${1:-litellm-keys}" -o json | python3 -c '
import base64, json, sys
data, before = json.load(sys.stdin)["data"], json.load(open(sys.argv[1]))
master, salt = (base64.b64decode(data.get(name, "")).decode() for name in (sys.argv[2], "LITELLM_SALT_KEY"))
before["master"], before["salt"] = master, salt or master
print(json.dumps(before))' "$work/state/before.json" "${2:-LITELLM_MASTER_KEY}" >"$work/state/next.json"
    mv "$work/state/next.json" "$work/state/before.json")
}

# What one wants to read when something went wrong; the same goes into the log directory.
save_logs() {
  local pod
  {
    kubectl get pods -A -o wide
    kubectl -n ai get keyrotations -o yaml
    kubectl get events -A --sort-by=.lastTimestamp
  } >"$logs/resources.txt" 2>&1
  for pod in $(kubectl get pods -A -o 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}' 2>/dev/null); do
    kubectl -n "${pod%/*}" logs "${pod#*/}" --all-containers >"$logs/${pod#*/}.log" 2>&1
    kubectl -n "${pod%/*}" logs "${pod#*/}" --all-containers --previous >"$logs/${pod#*/}.previous.log" 2>/dev/null ||
      rm -f "$logs/${pod#*/}.previous.log"
  done
  [ ! -d "$CLUSTER_RUN/log" ] || cp -r "$CLUSTER_RUN/log" "$logs/cluster"
}

show_failure() {
  local file
  echo >&2
  say "it failed; the last lines of what is most likely to say why:"
  kubectl get pods -A >&2 2>/dev/null || :
  for file in "$logs"/keyrotation*.log; do
    [ ! -f "$file" ] || { echo "--- ${file##*/}" >&2; tail -n 20 "$file" | cut -c -300 >&2; }
  done
  say "all logs: $logs"
}
