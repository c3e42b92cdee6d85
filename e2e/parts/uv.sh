#!/usr/bin/env bash
# uv.sh  prints the path of uv, a fast installer for Python packages: it fills LiteLLM's virtual environment in seconds
# where pip takes minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
version=0.13.9
directory=$cache/uv-$version

install() {
  python3 -m venv "$directory/venv" || die "Python cannot make virtual environments: apt-get install python3-venv"
  "$directory/venv/bin/pip" install --disable-pip-version-check "uv==$version"
}

part "$directory" "uv $version" install
echo "$directory/venv/bin/uv"
