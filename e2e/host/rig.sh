# shellcheck shell=bash
# rig.sh  hosts for the end-to-end tests and the demo of bare metal: each has a systemd, users, an SSH server, and units for LiteLLM
# and what it needs. Sourced after ../lib.sh and ../rig.sh; `hosts` is the directory that holds them.

# new_host NAME  makes the files of a host: users, SSH keys, units. boot comes next.
new_host() {
  local name=$1 etc=$hosts/$1/etc file
  mkdir -p "$etc/ssh/authorized_keys" "$etc/litellm"
  cp -r "$e2e/host/files/." "$etc/"
  for file in passwd group shadow; do cp "/etc/$file" "$etc/$file"; done
  local uid=880 user
  for user in sshd:/run/sshd litellm:/home/litellm postgres:/home/postgres ops:/home/ops; do
    uid=$((uid + 1))
    sed -i "/^${user%%:*}:/d" "$etc/passwd" "$etc/group" "$etc/shadow"
    echo "${user%%:*}:x:$uid:$uid::${user#*:}:/bin/bash" >>"$etc/passwd"
    echo "${user%%:*}:x:$uid:" >>"$etc/group"
    echo "${user%%:*}:*:20000:0:99999:7:::" >>"$etc/shadow"
  done
  printf '127.0.0.1 localhost %s\n' "$name" >"$etc/hosts"
  # People log in as ops and may become root.
  echo "ops ALL=(ALL) NOPASSWD: ALL" >"$etc/sudoers"
  chmod 440 "$etc/sudoers"
  ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$etc/ssh/ssh_host_ed25519_key"
  cat >"$etc/ssh/sshd_config" <<CONFIG
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys/%u
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
Subsystem sftp internal-sftp
CONFIG
}

boot() { # name
  "$e2e/host/boot.sh" "$hosts/$1" "$1"
  # It ends with this script, even if that is killed.
  if [ -z "${KEEP:-}" ]; then
    setsid bash -c 'while kill -0 "$1" && [ -e "$2/pid" ]; do sleep 1; done; exec "$3" "$2"' \
      owner $$ "$hosts/$1" "$e2e/host/down.sh" >/dev/null 2>&1 </dev/null &
  fi
  on "$1" install -d -o litellm -g litellm /home/litellm
  on "$1" install -d -o postgres -g postgres /home/postgres
  on "$1" install -d -o ops -g ops /home/ops
}

# on NAME COMMAND...  a command on that host, as root, with an environment like that of a login.
on() {
  local pid
  pid=$(cat "$hosts/$1/pid")
  shift
  nsenter --target "$pid" --all --wd=/ env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
}

# put NAME PATH OWNER MODE  writes standard input to a file there.
put() { on "$1" bash -euc 'umask 077; cat >"$1"; chown "$2" "$1"; chmod "$3" "$1"' put "$2" "$3" "$4"; }

# lan CONTROL HOST...  a network of these hosts, which know each other by name, with the switch on CONTROL.
lan() {
  local each number=1 names=
  nsenter --target "$(cat "$hosts/$1/pid")" --net ip link add lan type bridge
  nsenter --target "$(cat "$hosts/$1/pid")" --net ip link set lan up
  for each in "$@"; do
    if [ "$each" = "$1" ]; then
      on "$each" ip address add 10.77.7.1/24 dev lan
    else
      nsenter --target "$(cat "$hosts/$1/pid")" --net ip link add "$each" type veth peer name lan netns "$(cat "$hosts/$each/pid")"
      nsenter --target "$(cat "$hosts/$1/pid")" --net ip link set "$each" master lan up
      on "$each" ip address add "10.77.7.$number/24" dev lan
      on "$each" ip link set lan up
    fi
    names+="10.77.7.$number $each"$'\n'
    number=$((number + 1))
  done
  for each in "$@"; do { echo "127.0.0.1 localhost"; echo "$names"; } | put "$each" /etc/hosts root 644; done
}

# logins CONTROL HOST...  a key of CONTROL logs in as ops there.
logins() {
  local control=$1 each
  shift
  ssh-keygen -q -t ed25519 -N '' -C control -f "$hosts/login"
  put "$control" /home/ops/login root 600 <"$hosts/login"
  for each in "$@"; do
    on "$each" tee /etc/ssh/authorized_keys/ops <"$hosts/login.pub" >/dev/null
    on "$each" systemctl start ssh
  done
}

hosts_down() {
  local each
  for each in "${hosts:-/nowhere}"/*; do [ ! -e "$each/pid" ] || "$e2e/host/down.sh" "$each"; done
}

# What one wants to read when something went wrong.
save_host_logs() {
  local each name
  for each in "${hosts:-/nowhere}"/*; do
    [ -e "$each/pid" ] || continue
    name=$(basename "$each")
    on "$name" journalctl --no-pager -o short-precise >"$logs/journal-$name.log" 2>&1
    on "$name" systemctl --no-pager status litellm >"$logs/units-$name.txt" 2>&1
  done
}
