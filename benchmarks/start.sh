#!/usr/bin/env bash
# start.sh [RUNS]  times the operator's start with the cache of loaded classes that its image has, and without: from the start of the
# process to the first status that it writes, against a stand-in for an API server (image/Rehearsal.java); the median of RUNS (3).
# `make package` first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../e2e/lib.sh"
runs=${1:-3}
jar=$project/target/quarkus-app/quarkus-run.jar
[ -f "$jar" ] || die "no target/quarkus-app: run make package"
java=$("$e2e/parts/jdk.sh")/bin/java
work=$(mktemp -d -t keyrotation-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
options=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1)        # those of the image
rehearse() { "$java" -Djava.io.tmpdir="$work" "$project/image/Rehearsal.java" "$@"; }
busy "the cache" "$work/record.log" rehearse record "$work/operator.aot" "$java" "${options[@]}" -jar "$jar"
# AOTMode=on: Java takes the cache or fails.
with=$(rehearse time "$runs" "$java" "${options[@]}" -XX:AOTMode=on "-XX:AOTCache=$work/operator.aot" -jar "$jar")
without=$(rehearse time "$runs" "$java" "${options[@]}" -jar "$jar")
echo "| with the cache | without | ratio |"
echo "| --- | --- | --- |"
awk "BEGIN { printf \"| %.2f s | %.2f s | %.2f |\n\", $with / 1000, $without / 1000, $with / $without }"
