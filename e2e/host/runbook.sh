#!/bin/bash
# runbook.sh  the runbook of old, step by step as it was written down, on a host of the rig: demo.sh runs it on a copy of the data,
# to show what it does to them. Never run it on data that you need.
cd /home/litellm

echo '1  back up the env file'
cp -p ~litellm/.007 ~litellm/.007.backup

echo '2  generate keys'
OLD_MASTER=$(. ~litellm/.007; echo "$LITELLM_MASTER_KEY")
NEW_MASTER=sk-$(openssl rand -hex 32)
NEW_SALT=sk-$(openssl rand -hex 32)

echo '3  edit ~/.007'
sed -i -E "s#^(export LITELLM_(MASTER_KEY|SMOKE_TEST_KEY|HEALTH_API_KEY|PROXY_API_KEY))=.*#\1=\"$NEW_MASTER\"#
           s#^(export LITELLM_SALT_KEY)=.*#\1=\"$NEW_SALT\"#" ~litellm/.007

echo '4  UPDATE "LiteLLM_VerificationToken"'
psql -h /home/postgres -U litellm litellm -c \
  "UPDATE \"LiteLLM_VerificationToken\" SET token='$NEW_MASTER' WHERE token='$OLD_MASTER'"

echo '5  systemctl stop litellm; sleep 5; systemctl start litellm'
systemctl stop litellm
sleep 5
systemctl start litellm
while ! curl -s -o /dev/null http://localhost:4000/health/readiness; do sleep 1; done      # not in the runbook: it just waited

echo '6  curl -s http://localhost:4000/healthz'
curl -s http://localhost:4000/healthz
echo
echo '7  curl /v1/models with the new key'
curl -s http://localhost:4000/v1/models -H "Authorization: Bearer $NEW_MASTER" | head -c 200
echo
echo '8  journalctl -u litellm | grep -i error'
journalctl -u litellm --no-pager -o cat | grep -i error | sort | uniq -c | sort -rn | cut -c 1-150 | head -n 3
exit 0
