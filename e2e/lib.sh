# shellcheck shell=bash
# lib.sh  what the scripts of the rig share. Sourced, never run.

e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # for the scripts that source this file
project=$(dirname "$e2e")
# Everything that takes long to build or to download stays here, keyed by version, for the next run.
cache=${KEYROTATION_CACHE:-$HOME/.cache/keyrotation}

# The clock in front of each line starts with the first script and goes on in those that it calls.
export KEYROTATION_STARTED=${KEYROTATION_STARTED:-$EPOCHSECONDS}

say() { printf '[%3d s] %s\n' "$((EPOCHSECONDS - KEYROTATION_STARTED))" "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || die "$1 needs root: it makes network, mount and process namespaces of its own"; }

# busy WHAT LOG COMMAND...  runs COMMAND with its output in LOG, and shows that it moves: a line that changes each second
# on a terminal, else a line every 20 seconds. When COMMAND fails, the end of LOG is shown.
busy() {
  local what=$1 log=$2 begin=$EPOCHSECONDS ticker result=0
  shift 2
  ticker "$what" "$log" $$ &
  ticker=$!
  # In the foreground, so that Ctrl-C reaches it; and not in a list with || , where bash forgets `set -e` inside functions.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  result=$?
  set -e
  kill "$ticker" 2>/dev/null || :
  wait "$ticker" 2>/dev/null || :
  [ ! -t 2 ] || printf '\r\033[K' >&2
  if [ "$result" != 0 ]; then
    say "$what: failed after $((EPOCHSECONDS - begin)) s; the end of $log:"
    tail -n 25 "$log" >&2
    return "$result"
  fi
  say "$what: $((EPOCHSECONDS - begin)) s"
}

ticker() { # what, log, process to follow
  [ -z "${KEYROTATION_QUIET:-}" ] || return 0       # runs beside something that shows a line already
  local begin=$EPOCHSECONDS last shown=0
  while sleep 1 && kill -0 "$3" 2>/dev/null; do
    last=$(tail -n 1 "$2" 2>/dev/null | tr -cd '[:print:]' | tail -c 70) || last=
    if [ -t 2 ]; then
      printf '\r\033[K        %s … %d s  %s' "$1" "$((EPOCHSECONDS - begin))" "$last" >&2
    elif [ $((EPOCHSECONDS - begin)) -ge $((shown + 20)) ]; then
      shown=$((EPOCHSECONDS - begin))
      printf '        %s … %d s  %s\n' "$1" "$shown" "$last" >&2
    fi
  done
}

# part DIRECTORY WHAT COMMAND...  makes DIRECTORY with COMMAND (which runs in it), once. A directory that is not complete
# is made anew; a second run that starts meanwhile waits for the first.
part() {
  local directory=$1 what=$2
  shift 2
  [ ! -e "$directory/.complete" ] || return 0
  mkdir -p "$directory"
  exec 9>"$directory.lock"
  flock --nonblock 9 || { say "$what: another run is making it; waiting"; flock 9; }
  if [ ! -e "$directory/.complete" ]; then
    rm -rf "$directory"
    mkdir -p "$directory"
    busy "$what" "$directory.log" in_directory "$directory" "$@" 9>&-
    touch "$directory/.complete"
  fi
  exec 9>&-
}

in_directory() { cd "$1" && shift && "$@"; }

# fingerprint FILE...  eight characters that change when a file does: parts are made anew when their recipe changes.
fingerprint() { cat "$@" | sha256sum | head -c 8; }

# wait_for SECONDS WHAT COMMAND...  tries COMMAND until it succeeds.
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { say "waited in vain for $what"; return 1; }
    sleep 0.2
  done
}

# debian DIRECTORY PACKAGE...  downloads packages with whatever they need that this machine lacks, and unpacks them into
# DIRECTORY. Nothing is installed, so nothing is started and nothing on the machine changes.
debian() {
  local directory=$1 archives
  shift
  command -v apt-get dpkg >/dev/null || die "no Debian here: install $* and put them on PATH"
  archives=$directory/archives
  mkdir -p "$archives/partial"
  local get=(apt-get install --download-only --reinstall --no-install-recommends --yes -o Dir::Cache::archives="$archives"
    -o Debug::NoLocking=1 -o APT::Sandbox::User=root "$@")
  # On a new machine the package lists are missing, on an old one they name versions that are gone.
  "${get[@]}" || { apt-get update && "${get[@]}"; }
  local package
  for package in "$archives"/*.deb; do dpkg --extract "$package" "$directory"; done
  rm -rf "$archives"
}
