# shellcheck shell=bash
# rig.sh  hosts for the end-to-end tests and the demo of bare metal: a systemd each, with LiteLLM, PostgreSQL, a model provider
# and sshd as units. Sourced after ../lib.sh and ../rig.sh. `new_run` comes first.

# The parts of a run on hosts. KEYROTATION_CACHE has them afterwards.
prepare_hosts() { # version of LiteLLM
  version=$1
  "$e2e/parts/host.sh" >/dev/null
  postgres=$("$e2e/parts/postgres.sh")
  migrations=$("$e2e/parts/migrations.sh" "$version")
  litellm=$("$e2e/parts/litellm.sh" "$version")
  hosts=$work/hosts
  mkdir -p "$hosts"
}

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(32))'; }

# new_host NAME  makes the files of a host: users, SSH keys, units. boot comes next.
new_host() {
  local name=$1 etc=$hosts/$1/etc
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
  echo "ops ALL=(ALL) NOPASSWD: ALL" | cat <(echo "Defaults !lecture") - >"$etc/sudoers"
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
  use_proxy "$name" litellm
}

# use_proxy NAME litellm|standin  what the unit litellm.service runs on that host: the real one, or one that starts at once.
use_proxy() {
  local command="litellm --config /etc/litellm/config.yaml --port 4000"
  [ "$2" = litellm ] || command="python $e2e/host/standin.py"
  # LITELLM_LOCAL_*: what LiteLLM would otherwise fetch from the internet. DISABLE_SCHEMA_UPDATE: start_database makes the schema.
  cat - "$litellm/env" >"$hosts/$1/rig.env" <<ENV
RIG_PROXY="$command"
RIG_E2E=$e2e
RIG_POSTGRES=$postgres
LD_LIBRARY_PATH=${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu
DISABLE_SCHEMA_UPDATE=true
LITELLM_TELEMETRY=False
LITELLM_LOCAL_MODEL_COST_MAP=True
LITELLM_LOCAL_BLOG_POSTS=True
LITELLM_LOCAL_POLICY_TEMPLATES=True
LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS=True
PYTHONUNBUFFERED=1
ENV
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

# ask NAME SCRIPT...  runs a script that asks LiteLLM or its database questions, on that host. Keys travel by standard input.
ask() {
  local name=$1
  shift
  on "$name" bash -euc 'set -a; . "$1"; shift; . /etc/litellm/database.env
    export LITELLM_URL=http://127.0.0.1:4000 PROVIDER_URL=http://alpha:8080/v1; exec python "$@"' ask "$hosts/$name/rig.env" "$@"
}

unit_active() { on "$1" systemctl is-active --quiet "$2"; }

# Keys as a runbook of old would have made them, in FILE as JSON. All are random and new.
make_keys() { # file
  (umask 077
    cat >"$1" <<JSON
{"master": "sk-$(random)", "salt": "sk-$(random)", "password": "$(random)",
 "provider": {"a": "sk-provider-$(random)", "b": "sk-provider-$(random)", "c": "sk-provider-$(random)"}}
JSON
  )
}

from() { python3 -c 'import functools, json, sys; print(functools.reduce(lambda o, k: o[k], sys.argv[2:], json.load(open(sys.argv[1]))))' "$@"; }

# The env file of the runbook: comments, `export`, quotes, a blank line and one without a newline at its end.
environment_file() { # file of keys
  local master salt
  master=$(from "$1" master) salt=$(from "$1" salt)
  printf '# LiteLLM, asked for by the unit and by the smoke test\nexport EDITOR=vi\n\n'
  printf 'export LITELLM_MASTER_KEY="%s"\nexport LITELLM_SALT_KEY="%s"   # never change it!\n' "$master" "$salt"
  printf "export LITELLM_SMOKE_TEST_KEY='%s'\nexport LITELLM_HEALTH_API_KEY=%s\n" "$master" "$master"
  printf 'export LITELLM_PROXY_API_KEY="%s"' "$master"
}

# PostgreSQL on that host, with LiteLLM's schema and a role that owns it, and the provider.
start_database() { # name, file of keys
  local name=$1 keys=$2
  printf 'PROVIDER_KEYS="a=%s b=%s c=%s"\n' "$(from "$keys" provider a)" "$(from "$keys" provider b)" "$(from "$keys" provider c)" |
    put "$name" /etc/provider.env root 600
  on "$name" setpriv --reuid postgres --regid postgres --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search \
    env LD_LIBRARY_PATH="${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu" "$postgres/initdb" --pgdata=/home/postgres/data --username=postgres --auth-local=trust --auth-host=scram-sha-256 \
    --no-sync >"$logs/initdb.log" 2>&1
  on "$name" bash -c 'echo "host all all all scram-sha-256" >>/home/postgres/data/pg_hba.conf'
  on "$name" systemctl start postgres provider
  wait_for 30 "PostgreSQL" sql "$name" postgres -c "select 1"
  sql "$name" postgres >/dev/null <<SQL
create role litellm login nosuperuser nobypassrls password '$(from "$keys" password)';
create database litellm owner litellm;
SQL
  local file
  for file in "$migrations"/*/migration.sql; do cat "$file"; printf '\n;\n'; done | sql "$name" litellm >/dev/null
}

# Where LiteLLM finds its database, on a host.
database_address() { # name, host of the database, file of keys
  printf 'DATABASE_URL="postgresql://litellm:%s@%s:5432/litellm"\n' "$(from "$3" password)" "$2" |
    put "$1" /etc/litellm/database.env root:litellm 640
}

# sql NAME DATABASE  statements from standard input or -c, as LiteLLM's role (or the superuser, in database postgres).
sql() {
  local name=$1 database=$2 user=litellm
  shift 2
  [ "$database" != postgres ] || user=postgres
  on "$name" env LD_LIBRARY_PATH="${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu" PGOPTIONS="-c client_min_messages=error" "$postgres/psql" -X -q -h /home/postgres -U "$user" -d "$database" \
    --set=ON_ERROR_STOP=1 "$@"
}

ready() { on "$1" curl -sf -m 3 http://127.0.0.1:4000/health/readiness; }

start_litellm() { # name, seconds
  on "$1" systemctl daemon-reload
  on "$1" systemctl enable --quiet litellm
  on "$1" systemctl restart litellm
  wait_for "$2" "LiteLLM on $1" ready "$1" || { on "$1" journalctl -u litellm --no-pager -n 30 >&2; return 1; }
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
