# shellcheck shell=bash
# run.sh  LiteLLM on hosts of the rig, what rotates its keys and what proves it, for the end-to-end tests and the demo. Sourced
# after rig.sh.

FILE=/home/litellm/.007

new_host_run() { # name
  # Not below /tmp: each host has a /tmp of its own.
  TMPDIR=/var/tmp new_run "$1"
  mkdir -p "$work/state"
  chmod 700 "$work" "$work/state"
  JAVA_HOME=$("$e2e/parts/jdk.sh")
  export JAVA_HOME
  command_environment=("JAVA_HOME=$JAVA_HOME")
}

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

# use_proxy NAME litellm|standin|COMMAND  what the unit litellm.service runs on that host: the real one, one that starts at once, or
# another command.
use_proxy() {
  local command=$2
  case $2 in
    litellm) command="litellm --config /etc/litellm/config.yaml --port 4000" ;;
    standin) command="python $e2e/host/standin.py" ;;
  esac
  # LITELLM_LOCAL_*: what LiteLLM would otherwise fetch from the internet. DISABLE_SCHEMA_UPDATE: start_database makes the schema.
  # npm_config_offline: Prisma's command tries to install itself anew, and would wait a minute for a network that is not there.
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
npm_config_offline=true
ENV
}

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

# fill_host NAME  PostgreSQL, the provider and LiteLLM there, with new keys and data made through LiteLLM's API; what prove.py
# needs to know goes to $work/state.
fill_host() {
  local name=$1 state=$work/state
  make_keys "$state/keys.json"
  start_database "$name" "$state/keys.json"
  database_address "$name" 127.0.0.1 "$state/keys.json"
  environment_file "$state/keys.json" | put "$name" "$FILE" litellm:litellm 600
  busy "LiteLLM $version starts" "$logs/start-$name.log" start_litellm "$name" 600
  (umask 077
    ask "$name" "$e2e/litellm/seed.py" <"$state/keys.json" >"$state/seed.json"
    python3 -c 'import json, sys; print(json.dumps({k: v for f in sys.argv[1:] for k, v in json.load(open(f)).items()}))' \
      "$state/keys.json" "$state/seed.json" >"$state/before.json"
    ask "$name" "$e2e/litellm/oracle.py" snapshot <"$state/before.json" >"$state/snapshot.json"
  )
  say "LiteLLM's database is filled: $(from "$state/seed.json" summary)"
}

# What pg_dump says of the database there, to be restored elsewhere.
copy_data() { # name
  (umask 077; postgres_tool "$1" pg_dump -U litellm --no-owner litellm >"$work/state/dump.sql")
}

# restore_data NAME  the same data, keys and provider on another host, as they were when copy_data was called.
restore_data() {
  local state=$work/state
  start_database "$1" "$state/keys.json" "$state/dump.sql"
  database_address "$1" 127.0.0.1 "$state/keys.json"
  environment_file "$state/keys.json" | put "$1" "$FILE" litellm:litellm 600
}

# keyrotation NAME ARGUMENTS...  the command, on that host, as root.
keyrotation() {
  local name=$1
  shift
  on "$name" env "${command_environment[@]}" "$project/bin/keyrotation" "$@"
}

# keep_classes NAME  a cache of the command's classes, for tests that start it dozens of times: it halves what a start takes. Made
# by the doctor, which uses most of them. All hosts find it there, those that boot later too.
keep_classes() {
  local file=$hosts/$1/command.aot
  command_environment+=("KEYROTATION_JAVA_OPTIONS=-XX:AOTCacheOutput=$file")
  busy "a cache of the command's classes, by its doctor" "$logs/doctor.txt" keyrotation "$1" doctor -f /etc/keyrotation.yaml
  # A cache that does not fit is ignored; nothing is said of it.
  command_environment[-1]="KEYROTATION_JAVA_OPTIONS=-XX:AOTCache=$file -Xlog:disable"
}

# resource NAME FILE  puts a KeyRotation where the command expects it there.
resource() { put "$1" /etc/keyrotation.yaml root 644 <"$2"; }

watch_processes() {
  python3 "$e2e/host/processes.py" "$work/state/processes.jsonl" &
  watcher=$!
}

stop_watching() {
  kill "$watcher"
  wait "$watcher" 2>/dev/null || :
}

# prove COMMAND-HOST OPTIONS...  prove.py on all hosts that have LiteLLM; the command with its state directory ran on COMMAND-HOST.
prove() {
  local commander=$1 each pids=
  shift
  for each in ${PROVED:-alpha}; do pids+="${pids:+, }\"$each\": $(cat "$hosts/$each/pid")"; done
  cat >"$work/state/hosts.json" <<JSON
{"pids": {$pids}, "database": "alpha", "owner": "$(on alpha stat -c '%u:%g %a' "$FILE")",
 "command_root": "/proc/$(cat "$hosts/$commander/pid")/root", "state_directory": "/var/lib/keyrotation/litellm"}
JSON
  for each in ${PROVED:-alpha}; do
    [ -e "$work/state/file-$each" ] || environment_file "$work/state/keys.json" >"$work/state/file-$each"
  done
  python3 "$e2e/host/prove.py" "$work/state" "$@"
}

# A tool of PostgreSQL, as its own user, over its socket.
postgres_tool() { # name, tool, arguments
  local name=$1 tool=$2
  shift 2
  on "$name" setpriv --reuid postgres --regid postgres --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search \
    env LD_LIBRARY_PATH="${postgres%/usr/lib/postgresql/*}/usr/lib/$(uname -m)-linux-gnu" PGHOST=/home/postgres \
    PGOPTIONS="-c client_min_messages=error" "$postgres/$tool" "$@"
}

# start_database NAME KEYS [DUMP]  PostgreSQL on that host, with a role for LiteLLM that owns its schema and is no superuser, and the
# provider. KEYS is a file of make_keys; the database is filled from DUMP, else with LiteLLM's empty tables.
start_database() {
  local name=$1 keys=$2 file
  [ -e "$hosts/$name/rig.env" ] || use_proxy "$name" litellm
  printf 'PROVIDER_KEYS="a=%s b=%s c=%s"\n' "$(from "$keys" provider a)" "$(from "$keys" provider b)" "$(from "$keys" provider c)" |
    put "$name" /etc/provider.env root 600
  postgres_tool "$name" initdb --pgdata=/home/postgres/data --username=postgres --auth-local=trust --auth-host=scram-sha-256 \
    --no-sync >"$logs/initdb.log" 2>&1
  on "$name" bash -c 'echo "host all all all scram-sha-256" >>/home/postgres/data/pg_hba.conf'
  on "$name" systemctl start postgres provider
  wait_for 30 "PostgreSQL" sql "$name" postgres -c "select 1"
  sql "$name" postgres >/dev/null <<SQL
create role litellm login nosuperuser nobypassrls password '$(from "$keys" password)';
create database litellm owner litellm;
SQL
  if [ -n "${3:-}" ]; then
    sql "$name" litellm <"$3" >/dev/null
  else
    for file in "$migrations"/*/migration.sql; do cat "$file"; printf '\n;\n'; done | sql "$name" litellm >/dev/null
  fi
}

# sql NAME DATABASE  statements from standard input or -c, as LiteLLM's role (or the superuser, in database postgres).
sql() {
  local name=$1 database=$2 user=litellm
  shift 2
  [ "$database" != postgres ] || user=postgres
  postgres_tool "$name" psql -X -q -U "$user" -d "$database" --set=ON_ERROR_STOP=1 "$@"
}

# Where LiteLLM finds its database, on a host.
database_address() { # name, host of the database, file of keys
  printf 'DATABASE_URL="postgresql://litellm:%s@%s:5432/litellm"\n' "$(from "$3" password)" "$2" |
    put "$1" /etc/litellm/database.env root 600
}

# ask NAME SCRIPT...  runs a script that asks LiteLLM or its database questions, on that host. Keys travel by standard input.
ask() {
  local name=$1
  shift
  on "$name" bash -euc 'set -a; . /etc/rig.env; . /etc/litellm/database.env
    export LITELLM_URL=http://127.0.0.1:4000 PROVIDER_URL=http://alpha:8080/v1; exec python "$@"' ask "$@"
}

ready() { on "$1" curl -sf -m 3 http://127.0.0.1:4000/health/readiness; }

start_litellm() { # name, seconds
  on "$1" systemctl daemon-reload
  on "$1" systemctl enable --quiet litellm
  on "$1" systemctl restart litellm
  wait_for "$2" "LiteLLM on $1" ready "$1" || { on "$1" journalctl -u litellm --no-pager -n 30 >&2; return 1; }
}

host_key() { cut -d' ' -f1,2 "$hosts/$1/etc/ssh/ssh_host_ed25519_key.pub"; }

# A KeyRotation for alpha and beta over SSH.
remote_resource() {
  local each
  sed '/workloads:/,$d' "$e2e/host/local.yaml" # ends within database
  cat <<'YAML'
    tls: {mode: Disabled}
  proxy: {tls: {mode: Disabled}}
  stabilityPeriod: 1s
  workloads:
YAML
  for each in alpha beta; do
    sed -n '/- systemdUnit:/,$p' "$e2e/host/local.yaml"
    cat <<YAML
        host:
          address: $each
          user: ops
          sudo: true
          privateKeyFile: /home/ops/login
          hostKeys: ["$(host_key "$each")"]
YAML
  done
}
