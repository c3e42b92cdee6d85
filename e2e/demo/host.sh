#!/usr/bin/env bash
# host.sh  (make demo-host) rotates both keys of a real LiteLLM that runs as a systemd unit, with its keys in an env file, and
# proves it. Beside it, it does what the old runbook says to a copy of the same data, and counts what is left of them.
#
#   KEEP=1      leaves the host running at the end and says how to look at it
#   VERSION=…   of LiteLLM; the versions in e2e/parts/litellm/locks        (default 1.108.4)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
. "$here/../rig.sh"
. "$here/../host/rig.sh"
. "$here/../host/run.sh"
finished=''

headline() { printf '\n== %s\n' "$*"; }

clean_up() {
  local result=$?
  set +e                     # go on with cleaning up, whatever fails
  trap - EXIT
  trap '' INT TERM
  save_host_logs
  [ -n "$finished" ] || [ "$result" = 130 ] || say "it failed; logs: $logs"
  if [ -n "${KEEP:-}" ] && [ "$result" != 130 ] && [ -e "${hosts:-/nowhere}/alpha/pid" ]; then
    cat <<TEXT

KEEP=1: the host is still running. To look:
  nsenter --target $(cat "$hosts/alpha/pid") --all --wd=/ env JAVA_HOME=$JAVA_HOME PATH=$project/bin:\$PATH bash
  keyrotation status -f /etc/keyrotation.yaml      keyrotation verify -f /etc/keyrotation.yaml
  keyrotation rollback -f /etc/keyrotation.yaml    systemctl status litellm; journalctl -u litellm
To end it:
  $e2e/host/down.sh $hosts/alpha; rm -rf $work
TEXT
    "$e2e/host/down.sh" "$hosts/copy"
    exit "$result"
  fi
  hosts_down
  rm -rf "$work"
  exit "$result"
}

need_root "make demo-host"
new_host_run demo-host
trap clean_up EXIT
trap 'exit 130' INT TERM

headline "1/6  Parts: built or downloaded once, then kept in $cache"
prepare_hosts "${VERSION:-1.108.4}"
build_operator

headline "2/6  A host: systemd, PostgreSQL, LiteLLM as a unit with its keys in ~/.007"
new_host alpha
boot alpha
fill_host alpha
copy_data alpha
resource alpha "$e2e/host/local.yaml"
on alpha systemctl list-units --no-legend --plain 'litellm*' 'postgres*' 'provider*'
on alpha sed -E 's/(sk-....)[^"'\'' ]*/\1…/' /home/litellm/.007
echo

headline "3/6  keyrotation plan -f /etc/keyrotation.yaml"
keyrotation alpha plan -f /etc/keyrotation.yaml

headline "4/6  keyrotation run -f /etc/keyrotation.yaml"
watch_processes
keyrotation alpha run -f /etc/keyrotation.yaml
stop_watching

headline "5/6  Proof, without any of keyrotation's code"
prove alpha --expect new

headline "6/6  The old runbook, on a copy of the same data as they were before"
new_host copy
sed -i 's/$/ alpha/' "$hosts/copy/etc/hosts"
boot copy
restore_data copy
on copy env PATH="$postgres:/usr/sbin:/usr/bin:/sbin:/bin" LD_LIBRARY_PATH="${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu" \
  "$e2e/host/runbook.sh"
echo
echo "The data, by LiteLLM's own functions, under the salt key that this LiteLLM has now:"
python3 "$e2e/host/damage.py" "$work/state" "$(cat "$hosts/copy/pid")"
finished=1
echo
say "done"
