"""leak.py use <QUESTIONS      does with the master key what somebody who found it might do; prints the keys that this made, as JSON
   leak.py ended <QUESTIONS    asks what of that is over; prints one line a check: "ok" or "FAIL", and what
   leak.py overlap <QUESTIONS  asks the Service with old and new master key until /tmp/overlap.stop exists; prints how long it took both

Runs in the toolbox pod of a LiteLLM with Redis. QUESTIONS is JSON on standard input, so that no key is on a command line:
use: {"pods": {name: address}, "master"}
ended: {"pods", "master": the old master key, "session", "intruder"}
overlap: {"master": the old master key, "secret": whether the new one is read from the Secret}
"""
import base64
import hashlib
import json
import os
import secrets
import ssl
import sys
import time
import urllib.error
import urllib.request

SERVICE = "http://litellm.ai.svc.cluster.local:4000"
ADMIN_ONLY = "/key/list?size=1"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
STOP = "/tmp/overlap.stop"
asked = json.load(sys.stdin)


def call(url, key, body=None, timeout=30, context=None):
    """Status and body; status 0 when there was no answer at all."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=context) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        return 0, type(error).__name__


def must(url, key, body=None):
    status, answer = call(url, key, body)
    if status != 200:
        sys.exit(f"{url}: {status} {str(answer)[:300]}")
    return answer


def in_redis(key):
    """Whether Redis holds what LiteLLM knows of this key: the entry is named by its hash."""
    import redis
    server = redis.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), password=os.environ["REDIS_PASSWORD"])
    return bool(server.exists(hashlib.sha256(key.encode()).hexdigest()))


def session_key(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["key"]


def use():
    login = must(SERVICE + "/v2/login", None, {"username": "admin", "password": asked["master"]})
    made = must(SERVICE + "/user/new", asked["master"], {"user_id": "intruder", "user_role": "proxy_admin", "key_alias": "backdoor"})
    session = session_key(login["token"])
    for address in asked["pods"].values():
        for key in (asked["master"], session, made["key"]):
            must(f"http://{address}:4000{ADMIN_ONLY}", key)
    print(json.dumps({"session": session, "intruder": made["key"], "cached": in_redis(asked["master"])}))


def ended():
    failed = 0

    def check(what, problem):
        nonlocal failed
        failed += problem is not None
        print(f"FAIL  {what}: {problem}" if problem else f"ok    {what}", flush=True)

    for pod, address in asked["pods"].items():
        for what, key, expected in (("the leaked master key is refused", asked["master"], 401),
                                    ("a dashboard session that it opened is refused", asked["session"], 401),
                                    ("a key that it made is left to be looked at", asked["intruder"], 200)):
            status, answer = call(f"http://{address}:4000{ADMIN_ONLY}", key)
            check(f"{pod}: {what} ({expected})", None if status == expected else f"{status} {str(answer)[:200]}")
    for what in ("master", "session"):
        check(f"Redis holds nothing of the {what} key", "it does" if in_redis(asked[what]) else None)
    sys.exit(failed > 0)


def in_secret():
    with open(f"{ACCOUNT}/token") as file:
        token = file.read()
    base = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    status, secret = call(base + "/api/v1/namespaces/ai/secrets/litellm-keys", token,
                          context=ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt"))
    return base64.b64decode(secret["data"]["LITELLM_MASTER_KEY"]).decode() if status == 200 else None


def overlap():
    """Counts from the moment at which the Service took both keys until it refused the old one; random keys must be refused."""
    if os.path.exists(STOP):
        os.remove(STOP)
    both_since = both_until = None
    begin, strange = time.monotonic(), 0
    while not os.path.exists(STOP) and time.monotonic() - begin < 900:
        sent = time.monotonic()
        new = in_secret()
        if new and new != asked["master"]:
            old_status, _ = call(SERVICE + ADMIN_ONLY, asked["master"], timeout=5)
            new_status, _ = call(SERVICE + ADMIN_ONLY, new, timeout=5)
            random_status, _ = call(SERVICE + ADMIN_ONLY, "sk-" + secrets.token_urlsafe(32), timeout=5)
            strange += random_status == 200
            if old_status == 200 and new_status == 200:
                both_since = both_since or sent
                both_until = time.monotonic()
        time.sleep(max(0.0, sent + 1 - time.monotonic()))
    print(json.dumps({"both_seconds": round(both_until - both_since, 1) if both_since else 0, "random_accepted": strange}))


if __name__ == "__main__":
    {"use": use, "ended": ended, "overlap": overlap}[sys.argv[1]]()
