#!/usr/bin/env bash
# image.sh [ARCHIVE]  builds the operator's image from the Dockerfile, without an engine and without a registry: by buildah,
# on a small Debian from packages, with this machine's JDK. ARCHIVE, an OCI archive, is target/keyrotation-image.tar unless
# named; the image in it is localhost/keyrotation:built. `make package` first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
archive=$(realpath "${1:-$project/target/keyrotation-image.tar}")
need_root "buildah"
for file in quarkus-app/quarkus-run.jar sbom.json; do
  [ -f "$project/target/$file" ] || die "no target/$file: run make package"
done
parts=$("$here/parts/buildah.sh")
jdk=$("$here/parts/jdk.sh")
# A mount namespace of its own: for the libraries of buildah, which starts itself anew with an empty environment.
if [ -z "${IMAGE_MOUNTED:-}" ]; then IMAGE_MOUNTED=1 exec unshare --mount "$0" "$archive"; fi

work=$(mktemp -d -t keyrotation-image.XXXXXX)
trap 'result=$?; rm -rf --one-file-system "$work"; exit "$result"' EXIT
libraries=usr/lib/$(uname -m)-linux-gnu
mount -t overlay overlay -o "lowerdir=$parts/buildah/$libraries:/$libraries" "/$libraries"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
: >"$work/registries.conf"
# chroot: no container runtime and no network, which is enough for steps that only run Java.
export BUILDAH_ISOLATION=chroot CONTAINERS_REGISTRIES_CONF=$work/registries.conf TMPDIR=$work
buildah() {
  "$parts/buildah/usr/bin/buildah" --root "$work/storage" --runroot "$work/run" --storage-driver vfs \
    --registries-conf "$work/registries.conf" "$@"
}

base() { # name, DIRECTORY=PLACE...: an image of these files
  local name=$1 container pair
  shift
  container=$(buildah from scratch)
  for pair in "$@"; do buildah add --quiet "$container" "${pair%%=*}" "${pair#*=}" >/dev/null; done
  buildah commit --quiet --signature-policy "$work/policy.json" --disable-compression --rm "$container" "$name" >/dev/null
}

build() {
  cp -rL "$jdk" "$work/jdk"                  # a distribution's JDK may link to files elsewhere
  base localhost/base:1 "$parts/root=/"
  base localhost/jdk:1 "$parts/root=/" "$work/jdk=/opt/java/openjdk"
  buildah build --squash --signature-policy "$work/policy.json" --build-arg BASE=localhost/base:1 \
    --build-arg JDK=localhost/jdk:1 --build-arg "REVISION=$(git -C "$project" rev-parse HEAD 2>/dev/null || echo unknown)" \
    --tag localhost/keyrotation:built "$project"
  rm -f "$archive"
  buildah push --quiet --signature-policy "$work/policy.json" --disable-compression localhost/keyrotation:built \
    "oci-archive:$archive:localhost/keyrotation:built"
}

busy "image (buildah)" "$work/build.log" build
echo "$archive"
