#!/usr/bin/env bash
# make.sh COMMIT  puts the chart and the source of that commit here, in place of those that are here: what the tests upgrade from.
# They are files and no reference to the history, so that a shallow clone and a source archive can run the tests too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
commit=${1:?which commit was released?}
helm=$("$project/e2e/parts/helm.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git -C "$project" archive "$commit" helm/keyrotation | tar -x -C "$work"
version=$(sed -n 's/^version: //p' "$work/helm/keyrotation/Chart.yaml")
rm -f "$here"/keyrotation-*
"$helm" package --destination "$here" "$work/helm/keyrotation" >/dev/null
# What Maven needs for the program, and nothing else.
git -C "$project" archive "$commit" LICENSE pom.xml src/main deploy/crds | xz -9e >"$here/keyrotation-$version-source.tar.xz"
ls "$here"
