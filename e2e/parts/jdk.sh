#!/usr/bin/env bash
# jdk.sh  prints the home of a JDK 25 or newer: JAVA_HOME if it is one, else the newest below /usr/lib/jvm, else the one
# that the `java` on PATH belongs to. The machine's default `java` may be older.
set -euo pipefail
wanted=25

release() { # home: its feature release, 0 when that is no JDK
  local version
  [ -x "$1/bin/javac" ] || { echo 0; return; }
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null)
  echo "${version:-0}"
}

best=0 home=
for candidate in /usr/lib/jvm/* "$(dirname "$(dirname "$(readlink -f "$(command -v javac || echo /)")")")"; do
  [ -d "$candidate" ] || continue
  found=$(release "$candidate")
  if [ "$found" -gt "$best" ]; then best=$found home=$(readlink -f "$candidate"); fi
done
if [ -n "${JAVA_HOME:-}" ]; then
  found=$(release "$JAVA_HOME")
  if [ "$found" -ge "$wanted" ]; then best=$found home=$JAVA_HOME; fi
fi
if [ "$best" -lt "$wanted" ]; then
  echo "error: no JDK $wanted or newer found. Looked at JAVA_HOME, /usr/lib/jvm and PATH; the newest was ${best/#0/none}." >&2
  echo "Install one (for example Debian's openjdk-$wanted-jdk or Eclipse Temurin $wanted), or set JAVA_HOME to it." >&2
  exit 1
fi
echo "$home"
