#!/usr/bin/env bash
# runbook.sh STATE  follows the runbook that people used before there was keyrotation, word for word as far as a cluster has the same
# words (the env file is the Secret, systemctl is kubectl scale, journalctl is kubectl logs), on the LiteLLM that deploy.sh
# installed. It must lose data, and the oracle of the proofs must see it: an oracle that always says "fine" proves nothing.
# Leaves LiteLLM with the old keys, one replica and a model that nobody can read. The last line says `N passed, N failed`.
#   stop the service; new keys into the env file; psql: UPDATE "LiteLLM_VerificationToken" SET token='sk-new' WHERE token='sk-old';
#   start; curl -s localhost/healthz; journalctl | grep; should it fail, put the old env file back and restart
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
state=${1:?the directory that deploy.sh filled}
passed=0 failed=0
checked() { # text, exit code: counts one check of this script
  if [ "$2" = 0 ]; then passed=$((passed + 1)); echo "  ok    $1"; else failed=$((failed + 1)); echo "  FAIL  $1"; fi
}

# Keys travel in files that only root reads and on standard input.
umask 077
python3 - "$state" <<'PYTHON'
import base64, json, secrets, sys
state = sys.argv[1]
before = json.load(open(f"{state}/before.json"))
new = {"master": "sk-" + secrets.token_urlsafe(32), "salt": "sk-" + secrets.token_urlsafe(32)}
for name, keys in (("old", before), ("new", new)):
    data = {"LITELLM_MASTER_KEY": keys["master"], "LITELLM_SALT_KEY": keys["salt"]}
    json.dump({"stringData": data}, open(f"{state}/env-{name}.json", "w"))
json.dump({**before, "new_master": new["master"], "new_salt": new["salt"]}, open(f"{state}/runbook.json", "w"))
open(f"{state}/runbook.sql", "w").write(
    'UPDATE "LiteLLM_VerificationToken" SET token = \'%s\', rotation_count = rotation_count + 1, updated_at = now() WHERE token = \'%s\';\n'
    % (new["master"], before["master"]))
PYTHON

stop() {
  kubectl -n ai scale deployment/litellm --replicas=0 >/dev/null
  kubectl -n ai wait pod -l app=litellm --for=delete --timeout=120s >/dev/null
}
start() {
  kubectl -n ai scale deployment/litellm --replicas=1 >/dev/null
  kubectl -n ai rollout status deployment/litellm --timeout=600s >/dev/null
}
env_file() { kubectl -n ai patch secret litellm-keys --patch-file "$state/env-$1.json" >/dev/null; } # old or new
in_toolbox() { kubectl -n ai exec -i deployment/toolbox -- python3 /scripts/"$@" <"$state/runbook.json"; }

echo "The runbook of old, literally"
# Nobody else writes the keys now.
kubectl -n ai delete keyrotation litellm --ignore-not-found --timeout=120s >/dev/null
kubectl -n keyrotation-system scale deployment/keyrotation --replicas=0 >/dev/null

stop
env_file new
echo "  psql: $(kubectl -n ai exec -i deployment/postgres -- psql -X -U litellm -d litellm <"$state/runbook.sql")"
start
result=0
# What `curl -s` does, which not every machine has: it prints what comes, and fails only when nothing comes.
answer=$(kubectl -n ai exec -i deployment/litellm -- python3 - <<'PYTHON'
import http.client
connection = http.client.HTTPConnection("localhost", 4000)
connection.request("GET", "/healthz")
answer = connection.getresponse()
print(answer.status, answer.read(200).decode())
PYTHON
) || result=$?
checked "curl -s localhost/healthz succeeds, so the runbook ends here; what it did not look at: $answer" "$result"
echo "  journalctl | grep startup: $(kubectl -n ai logs deployment/litellm | grep -im 1 "startup complete")"
result=0
in_toolbox oracle.py count --expect new >"$state/runbook-new.txt" || result=$?
checked "the oracle notices" $((result != 1))
# Its last line: all, under the new key, under the old key, under neither.
read -r _ new old _ < <(tail -n 1 "$state/runbook-new.txt")
checked "… lost to LiteLLM: $old stored values open under the old salt key only, $new under the new one" $((old == 0 || new > 0))
in_toolbox probe.py models >"$state/runbook-models.txt" || :
sed 's/^/  /' "$state/runbook-models.txt"
result=0
# The model of the configuration file is in no database.
[ "$(grep -c ^lost "$state/runbook-models.txt")" = 3 ] || result=1
checked "… each database model is gone for clients" "$result"

echo "Somebody notices late, stores a model anew, and then the old env file is put back"
in_toolbox probe.py store
stop
env_file old
start
result=0
in_toolbox oracle.py count --expect old >"$state/runbook-old.txt" || result=$?
checked "the oracle notices" $((result != 1))
read -r _ new old _ < <(tail -n 1 "$state/runbook-old.txt")
checked "… lost for good with the key that was taken back: $new stored values" $((new == 0))
grep -v '^column' "$state/runbook-old.txt" | awk '$2 > 0 && $1 != "all" { print "        " $1 ": " $2 }'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
