#!/usr/bin/env bash
# previous.sh  builds the operator of the previous release from its source in helm/previous, and prints the directory of its build
# (what target/quarkus-app is for this one).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
sources=("$project"/helm/previous/keyrotation-*-source.tar.xz)
directory=$cache/previous-$(fingerprint "${sources[0]}" "$0")
JAVA_HOME=$("$here/jdk.sh")
export JAVA_HOME
build() {
  mkdir source
  tar -xJf "${sources[0]}" -C source
  nice mvn -B -ntp -q -f source/pom.xml package -Dmaven.test.skip=true -Dspotless.check.skip=true
  mv source/target/quarkus-app .
  rm -rf source
}
[ -e "$directory/.complete" ] || command -v mvn >/dev/null || die "no mvn: install Maven 3.9 or newer"
part "$directory" "the operator of the previous release" build
echo "$directory/quarkus-app"
