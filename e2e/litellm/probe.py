"""probe.py requests <QUESTIONS   asks LiteLLM with old, new and random keys; prints one line a check: "ok" or "FAIL", and what
   probe.py watch <QUESTIONS      sends chat completions through the Service until /tmp/watch.stop exists; prints the figures
   probe.py models <QUESTIONS     sends one through each model; prints a line for each: "right" or "lost", and why
   probe.py store <QUESTIONS      stores one model more

Runs in the toolbox pod. QUESTIONS is JSON on standard input, so that no key is on a command line:
requests: {"pods": {name: address}, "old": master key, "new": master key, "virtual_key", "models": {model: provider key's name}}
watch: {"virtual_key", "models", "seconds": at most so long}
models: {"virtual_key", "models"}
store: {"new_master", "provider"}
"""
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request

import reach
from reach import SERVICE

ADMIN_ONLY = "/key/list?size=1"
STOP = "/tmp/watch.stop"
asked = json.load(sys.stdin)


def call(url, key, body=None, timeout=30):
    """Status and body; status 0 when there was no answer at all."""
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    try:
        with reach.urlopen(request, timeout=timeout) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        return 0, type(error).__name__


def chat(base, model, timeout=30):
    """None when the right answer came, made with the right provider key; else what came instead."""
    # A new text each time: no cache may answer.
    message = {"role": "user", "content": secrets.token_hex(8)}
    status, body = call(base + "/v1/chat/completions", asked["virtual_key"], {"model": model, "messages": [message]}, timeout)
    if status != 200:
        return f"{status} {str(body)[:200]}"
    text = body["choices"][0]["message"]["content"]
    wanted = f"hello, you used the provider key {asked['models'][model]}"
    return None if text == wanted else f"another answer: {text[:100]}"


def requests():
    failed = 0

    def check(what, problem):
        nonlocal failed
        failed += problem is not None
        print(f"FAIL  {what}: {problem}" if problem else f"ok    {what}", flush=True)

    def status(base, key, expected):
        got, body = call(base + ADMIN_ONLY, key)
        return None if got == expected else f"{got} {str(body)[:200]}"

    for pod, address in asked["pods"].items():
        base = reach.pod(address)
        check(f"{pod}: new master key is an admin (200)", status(base, asked["new"], 200))
        if asked["old"] != asked["new"]:
            check(f"{pod}: old master key is refused (401)", status(base, asked["old"], 401))
        check(f"{pod}: random key is refused (401)", status(base, "sk-" + secrets.token_urlsafe(32), 401))
        for model in asked["models"]:
            check(f"{pod}: chat through model {model} has the right provider key", chat(base, model))
    got, _ = call(SERVICE + "/v1/models", asked["virtual_key"])
    check("Service: virtual key works (200)", None if got == 200 else str(got))
    for model in asked["models"]:
        check(f"Service: chat through model {model} has the right provider key", chat(SERVICE, model))
    sys.exit(failed > 0)


def watch():
    if os.path.exists(STOP):
        os.remove(STOP)
    right, wrong, unavailable, down_since, problems = 0, 0, 0.0, None, []
    models = sorted(asked["models"])
    begin = time.monotonic()
    while not os.path.exists(STOP) and time.monotonic() - begin < asked["seconds"]:
        sent = time.monotonic()
        problem = chat(SERVICE, models[(right + wrong) % len(models)], timeout=10)
        if problem is None:
            right += 1
            if down_since is not None:
                unavailable += time.monotonic() - down_since
                down_since = None
        else:
            wrong += 1
            down_since = down_since or sent
            if len(problems) < 5:
                problems.append(f"{sent - begin:.1f} s: {problem}")
        time.sleep(max(0.0, sent + 0.3 - time.monotonic()))
    if down_since is not None:
        unavailable += time.monotonic() - down_since
    print(json.dumps({"seconds": round(time.monotonic() - begin, 1), "right": right, "failed": wrong,
                      "unavailable_seconds": round(unavailable, 1), "first_problems": problems}))


def models():
    for model in asked["models"]:
        problem = chat(SERVICE, model)
        print(f"lost   {model}: {problem}" if problem else f"right  {model}")


def store():
    parameters = {"model": "openai/fake", "api_key": asked["provider"]["a"], "api_base": "http://provider.ai.svc.cluster.local:8080/v1"}
    status, body = call(SERVICE + "/model/new", asked["new_master"],
                        {"model_name": "stored-meanwhile", "litellm_params": parameters, "model_info": {}})
    if status != 200:
        sys.exit(f"/model/new: {status} {body}")


if __name__ == "__main__":
    {"requests": requests, "watch": watch, "models": models, "store": store}[sys.argv[1]]()
