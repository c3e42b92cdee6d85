# shellcheck shell=bash
# faults.sh  the cases of tests/host.sh, which sources it. Each starts on the old keys (case_of) and says how it has to end.

# Nothing here needs to hold for long.
cat >>"$work/resource.yaml" <<'YAML'
  stabilityPeriod: 1s
YAML

if case_of "roll back on request"; then
  watch_processes
  rotate alpha run
  stop_watching
  ended "the rotation succeeds" 0
  proved alpha --expect new --no-chat
  watch_processes
  rotate alpha rollback
  stop_watching
  ended "it is rolled back" 0
  proved alpha --expect old --no-chat
  check "the env file is byte by byte what it was" unchanged alpha
fi

if case_of "the unit reads a plain EnvironmentFile="; then
  drop_in alpha <<UNIT
EnvironmentFile=$FILE
ExecStart=
ExecStart=/bin/bash -c 'exec \$RIG_PROXY'
UNIT
  sed 's/^export //; s/   #.*//' "$work/state/file-alpha" | put alpha "$FILE" litellm:litellm 600
  cp "$work/state/file-alpha" "$work/state/kept"
  on alpha cat "$FILE" >"$work/state/file-alpha"
  start_litellm alpha 60
  rotate alpha run
  ended "the rotation succeeds" 0
  proved alpha --expect new --no-chat
  mv "$work/state/kept" "$work/state/file-alpha"
fi

if case_of "the unit loads credentials, one file for each key"; then
  from "$work/state/keys.json" master | put alpha /etc/litellm/master.key root 400
  printf %s "$(from "$work/state/keys.json" salt)" | put alpha /etc/litellm/salt.key root 400
  drop_in alpha <<'UNIT'
LoadCredential=master:/etc/litellm/master.key
LoadCredential=salt:/etc/litellm/salt.key
ExecStart=
ExecStart=/bin/bash -c 'export LITELLM_MASTER_KEY="$(cat "$CREDENTIALS_DIRECTORY/master")" \
  LITELLM_SALT_KEY="$(cat "$CREDENTIALS_DIRECTORY/salt")"; exec $RIG_PROXY'
UNIT
  sed 's|^        environmentFile: .*|        credentialFiles: {masterKey: /etc/litellm/master.key, saltKey: /etc/litellm/salt.key}|; /mirrors:/d' \
    "$work/resource.yaml" | put alpha /etc/keyrotation.yaml root 644
  start_litellm alpha 60
  rotate alpha run
  ended "the rotation succeeds" 0
  proved alpha --expect new --no-chat --credentials
  rotate alpha rollback
  ended "it is rolled back" 0
  proved alpha --expect old --no-chat --credentials
  on alpha bash -c 'rm -f /etc/litellm/*.key /etc/litellm/.*.key.*'
fi

if case_of "the unit does not start with the new keys"; then
  on alpha cp "$FILE" /run/fault/only-these
  drop_in alpha <<<"ExecStartPre=+cmp -s /run/fault/only-these $FILE"
  rotate alpha run
  ended "the rotation is rolled back" 4
  proved alpha --expect old --no-chat
fi

if case_of "the journal shows a decryption error"; then
  on alpha cp "$FILE" /run/fault/only-these
  drop_in alpha <<<"ExecStartPost=+bash -c 'cmp -s /run/fault/only-these $FILE || echo \"Error decrypting value for key: api_key, Did your master_key/salt key change recently?\"'"
  rotate alpha run
  ended "the rotation is rolled back" 4
  proved alpha --expect old --no-chat
fi

if case_of "the disk of the env file is full"; then
  on alpha systemctl stop litellm
  on alpha bash -euc 'mount -t tmpfs -o size=64k,mode=755 tmpfs /home/litellm; chown litellm: /home/litellm'
  put alpha "$FILE" litellm:litellm 600 <"$work/state/file-alpha"
  on alpha bash -c 'cat /dev/zero >/home/litellm/full 2>/dev/null || :'
  start_litellm alpha 60
  rotate alpha run --patience 1s
  case $code in 3 | 4 | 5) checked "the command says so (exit code $code)" 0 ;; *) checked "the command says so (exit code $code)" 1 ;; esac
  check "the env file is byte by byte what it was" unchanged alpha
  on alpha rm /home/litellm/full
  # What was begun goes on or back, now that there is room.
  rotate alpha run
  ended "with room again it ends" "0 4"
  proved alpha --expect either --no-chat
  on alpha systemctl stop litellm
  on alpha umount /home/litellm
fi

if case_of "a variable is set twice in the env file"; then
  { cat "$work/state/file-alpha"; printf '\nexport LITELLM_MASTER_KEY="sk-this-line-wins-in-a-shell"\n'; } |
    put alpha "$FILE" litellm:litellm 600
  on alpha cp "$FILE" /run/fault/before
  rotate alpha run
  ended "nothing is begun: the unit runs on the other one" 3
  check "the env file is byte by byte what it was" on alpha cmp /run/fault/before "$FILE"
  put alpha "$FILE" litellm:litellm 600 <"$work/state/file-alpha"
  proved alpha --expect old --no-chat
fi

if case_of "two commands at once"; then
  rotate alpha run &
  first=$!
  wait_for 60 "the first command" on alpha grep -q rotation /var/lib/keyrotation/litellm/state.json
  second=0
  keyrotation alpha run -f /etc/keyrotation.yaml >"$work/state/output-second.txt" 2>&1 || second=$?
  wait "$first" || :
  code=$second
  ended "the second one is refused" 6
  proved alpha --expect new --no-chat
fi

# The command is killed at each change of the rotation's record: at once, when nothing has been done yet of what it is about to do, or a moment
# later. Every second time the power goes: what runs on the host is killed with it, and started as after a boot.
if case_of "a power cut between any two effects"; then
  cuts=0
  # Not for ever: whoever is cut off each time that it has been verified is never verified for long enough.
  while [ "$cuts" -lt 20 ]; do
    python3 "$e2e/host/cut.py" "/proc/$(cat "$hosts/alpha/pid")/root/var/lib/keyrotation/litellm/state.json" "$((cuts % 3 * 150))" -- \
      nsenter --target "$(cat "$hosts/alpha/pid")" --all --wd=/ env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      "${command_environment[@]}" "$project/bin/keyrotation" run --request cuts -f /etc/keyrotation.yaml \
      >>"$work/state/output.txt" 2>&1 && break
    cuts=$((cuts + 1))
    if [ $((cuts % 2)) = 0 ]; then
      on alpha systemctl kill --signal=KILL litellm postgres || :
      on alpha systemctl stop litellm postgres      # waits until they have ended
      on alpha systemctl reset-failed
      on alpha systemctl start postgres
      wait_for 30 "PostgreSQL" sql alpha postgres -c "select 1"
      on alpha systemctl start --no-block litellm
    fi
  done
  check "it was killed $cuts times, which is more than five" [ "$cuts" -gt 5 ]
  rotate alpha run --request cuts
  ended "the command comes to an end" "0 4"
  proved alpha --expect either --no-chat
fi

echo "From another machine over SSH, two hosts that share a database"
new_host control
new_host beta
boot control
boot beta
use_proxy beta standin
lan control alpha beta
logins control alpha beta
for each in control beta; do database_address "$each" alpha "$work/state/keys.json"; done
cp "$work/state/file-alpha" "$work/state/file-beta"
PROVED="alpha beta" commander=control
remote_resource >"$work/resource.yaml"

# Does something as soon as the env file of a host has changed.
when_rewritten() { # host, command
  local host=$1
  shift
  while unchanged "$host" >/dev/null 2>&1; do sleep 0.05; done
  "$@"
}
cut_sessions() {
  on "$1" systemctl kill --signal=KILL ssh
  on "$1" systemctl restart ssh
}
cable() { nsenter --target "$(cat "$hosts/control/pid")" --net ip link set "$1" "$2"; }
unplug_for() { cable "$1" down; sleep "$2"; cable "$1" up; }

if case_of "two hosts over SSH"; then
  watch_processes
  rotate control run
  stop_watching
  ended "the rotation succeeds" 0
  proved control --expect new --no-chat
  watch_processes
  rotate control rollback
  stop_watching
  ended "it is rolled back" 0
  proved control --expect old --no-chat
fi

if case_of "a host shows another key than the resource says"; then
  sed "s|$(host_key beta)|$(host_key alpha)|" "$work/resource.yaml" | put control /etc/keyrotation.yaml root 644
  rotate control run
  ended "nothing is begun" 3
  check "the message says which host" grep -q "beta" "$work/state/output.txt"
  proved control --expect old --no-chat
fi

if case_of "Ctrl-C twice while a host does not answer"; then
  on beta systemctl kill --signal=STOP ssh          # connections are accepted, and nobody is there
  # shellcheck disable=SC2016  # to be expanded on that host
  on control env --default-signal=INT "${command_environment[@]}" sh -c 'echo $$ >/run/command.pid; exec "$@"' sh \
    "$project/bin/keyrotation" run -f /etc/keyrotation.yaml >>"$work/state/output.txt" 2>&1 &
  command=$!
  wait_for 60 "a connection" on control sh -c 'ss -Htn state established dst 10.77.7.3:22 | grep -q .'
  interrupt() { on control sh -c 'kill -INT "$(cat /run/command.pid)"'; }
  interrupt
  sleep 1
  check "the first lets the turn end" kill -0 "$command"
  interrupt
  began=$SECONDS code=0
  wait "$command" || code=$?
  on beta systemctl kill --signal=CONT ssh
  ended "the second ends the command" 7
  check "at once" [ "$((SECONDS - began))" -lt 5 ]
  proved control --expect old --no-chat
fi

if case_of "the second host cannot be reached"; then
  cable beta down
  rotate control run --patience 1s
  cable beta up
  ended "nothing is begun" "3 5"
  proved control --expect old --no-chat
fi

if case_of "the second host is cut off in mid-rotation"; then
  when_rewritten alpha unplug_for beta 10 &
  cutter=$!
  rotate control run
  wait "$cutter" || :
  ended "it ends" "0 4"
  proved control --expect either --no-chat
fi

if case_of "SSH drops after the env file was replaced"; then
  when_rewritten alpha cut_sessions alpha &
  cutter=$!
  rotate control run
  wait "$cutter" || :
  ended "it ends" "0 4"
  proved control --expect either --no-chat
fi

if case_of "the unit of the second host does not start with the new keys"; then
  on beta cp "$FILE" /run/fault/only-these
  drop_in beta <<<"ExecStartPre=+cmp -s /run/fault/only-these $FILE"
  rotate control run
  ended "both hosts are rolled back" 4
  proved control --expect old --no-chat
fi

if case_of "two hosts over SSH, with the real LiteLLM"; then
  for each in alpha beta; do use_proxy "$each" litellm; done
  starts=()
  for each in alpha beta; do start_litellm "$each" 600 & starts+=($!); done
  for each in "${starts[@]}"; do wait "$each"; done
  rotate control run
  ended "the rotation succeeds" 0
  proved control --expect new
fi
