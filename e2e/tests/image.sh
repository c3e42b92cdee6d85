#!/usr/bin/env bash
# image.sh  the operator's image: it is built from the Dockerfile, and runs as the pods of deploy/operator do, with a read-only
# root, as nobody, under the restricted Pod Security level, and with no file of this machine. It becomes the leader and answers
# a KeyRotation. `make package` first. It leaves the image in target/keyrotation-image.tar, with which `make test` then rotates
# (OPERATOR_ARCHIVE). The last line says `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
need_root "the test of the image"
passed=0 failed=0
check() { # text, command...
  local what=$1
  shift
  if "$@" >"$logs/check.txt" 2>&1; then passed=$((passed + 1)); echo "  ok    $what"; return; fi
  failed=$((failed + 1))
  echo "  FAIL  $what: $(tail -n 1 "$logs/check.txt")"
}
fails() { ! "$@"; }

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  save_logs
  [ "$result" = 0 ] || show_failure
  "$e2e/cluster/down.sh"
  rm -rf "$work"
  exit "$result"
}

# What the archive says of the image.
described() {
  python3 - "$OPERATOR_ARCHIVE" <<'PYTHON'
import json, sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    blob = lambda descriptor: json.load(archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/")))
    image = blob(blob(json.load(archive.extractfile("index.json"))["manifests"][0])["config"])["config"]
assert image["User"] == "65532:65532", image["User"]
labels = {name.removeprefix("org.opencontainers.image."): value for name, value in image["Labels"].items()}
for name in ("title", "description", "version", "revision", "licenses"):
    assert labels.get(name), f"no label {name}"
PYTHON
}

listed() { # the bill of materials in the image names what is in it
  in_pod cat /opt/keyrotation/sbom.json | python3 -c '
import json, sys
bill = json.load(sys.stdin)
assert bill["bomFormat"] == "CycloneDX", bill["bomFormat"]
names = {c["name"]: c for c in bill["components"]}
for name in ("quarkus-core", "postgresql", "kubernetes-client", "bcprov-jdk18on"):
    assert names[name]["version"] and names[name]["licenses"], name'
}

in_pod() { kubectl -n keyrotation-system exec deployment/keyrotation -- "$@"; }
leads() { # says how long it took
  kubectl -n keyrotation-system logs -l app.kubernetes.io/name=keyrotation --prefix --tail=-1 | grep -oE 'this process leads.*'
}
answered() {
  [ "$(kubectl -n ai get keyrotation litellm -o 'jsonpath={.status.observedGeneration} {.status.conditions[?(@.type=="PreflightPassed")].reason}')" = \
    "1 SecretNotFound" ]
}

new_run image
export CLUSTER_OWNER=$$
trap clean_up EXIT
trap 'exit 130' INT TERM
OPERATOR_ARCHIVE=$("$e2e/image.sh")
check "it has a user, a version and the labels of an OCI image" described
PATH=$("$e2e/parts/kubernetes.sh"):$PATH
export PATH
"$e2e/cluster/up.sh" >/dev/null
import_operator
kubectl create namespace ai >/dev/null
start_operator
kubectl apply -f "$project/examples/keyrotation.yaml" >/dev/null
check "a replica leads" wait_for 60 "a leader" leads
check "a KeyRotation is answered" wait_for 60 "a status" answered
check "it does not run as root" test "$(in_pod id -u)" = 65532
check "its root is read-only" fails in_pod touch /opt/keyrotation/file
check "it sees no file of this machine" fails in_pod ls /usr/bin/python3
check "its bill of materials lists what is in it" listed
# Java as strict as can be: it must use the cache, or not start.
kubectl -n keyrotation-system set env deployment/keyrotation JDK_JAVA_OPTIONS=-XX:AOTMode=on >/dev/null
check "Java takes the cache of its classes" kubectl -n keyrotation-system rollout status deployment --timeout=90s
wait_for 60 "a leader" leads
leads | sed 's/^/  /'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
