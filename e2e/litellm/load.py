"""load.py run <QUESTIONS   asks LiteLLM steadily through the Service until /tmp/load.stop exists; prints each answer as a line of JSON
   load.py show ANSWERS PHASES   prints a table of what was answered in each phase; exits 1 if a request failed

QUESTIONS is JSON: {"virtual_key", "models": {model: provider key's name}}. run works in the toolbox pod; /tmp/load.started appears when
each client has its first right answer. PHASES has a line for each phase: its name and when it began, in seconds since 1970.

The clients do what ordinary clients do: half of them keep their connection, the others make one for each request. None tries
again, so a connection that is reset is a failed request. A pod that ends closes the connections that are idle, and a request may be on
its way then, whatever the reason why the pod ends: so a connection is kept for less than the sleep of preStop (litellm.yaml). Two more are administrators. They hold the master key, watch the Secret
and the KeyRotation, and switch to the new key at the two ends of the time in which both are accepted: one when the Secret has it, one
when the KeyRotation says that all pods are restarted.
"""
import asyncio
import base64
import json
import os
import secrets
import sys
import time

import reach

STARTED, STOP = "/tmp/load.started", "/tmp/load.stop"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
INTERVAL = 1.5       # seconds between two requests of a client
PATIENCE = 30        # seconds for an answer
KEPT = 8             # seconds; preStop sleeps for 10
NOT_RESTARTED = {"GenerateKeys", "OpenGrace", "StopWorkloads", "PublishKeys", "ReencryptData", "RestartWorkloads"}


def out(**line):
    print(json.dumps({"time": round(time.time(), 3), **line}), flush=True)


class Keys:
    """The master key that the Secret holds and the step that the KeyRotation says, as watched."""

    def __init__(self):
        self.in_secret, self.step, self.prompt, self.late = None, None, None, None

    def secret(self, resource):
        self.in_secret = base64.b64decode(resource["data"]["LITELLM_MASTER_KEY"]).decode()
        self.switch()

    def rotation(self, resource):
        self.step = resource.get("status", {}).get("rotation", {}).get("step")
        self.switch()

    def switch(self):
        if self.prompt != self.in_secret:
            self.prompt = self.in_secret
            out(note=f"the prompt administrator takes the new key: the Secret has it, step {self.step}")
        if self.late != self.in_secret and self.step not in NOT_RESTARTED:
            self.late = self.in_secret
            out(note=f"the late administrator takes the new key: step {self.step}")


async def watch(path, name, seen):
    import httpx
    base = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    async with httpx.AsyncClient(verify=f"{ACCOUNT}/ca.crt", base_url=base, timeout=httpx.Timeout(10, read=None)) as client:
        while True:
            with open(f"{ACCOUNT}/token") as file:
                headers = {"Authorization": f"Bearer {file.read()}"}
            try:
                query = {"watch": "true", "fieldSelector": f"metadata.name={name}"}
                async with client.stream("GET", path, params=query, headers=headers) as response:
                    # While a definition is replaced the API server answers 429.
                    response.raise_for_status()
                    async for line in response.aiter_lines():
                        event = json.loads(line)
                        if event["type"] in ("ADDED", "MODIFIED"):
                            seen(event["object"])
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(1)


async def run():
    import httpx
    asked = json.load(sys.stdin)
    for file in (STARTED, STOP):
        if os.path.exists(file):
            os.remove(file)
    keys = Keys()
    waiting = set()

    async def ask(client, method, path, key, body=None):
        """The body of a good answer, and None; or None, and what came instead."""
        try:
            answer = await client.request(method, reach.SERVICE + path, json=body, headers={"Authorization": f"Bearer {key}"})
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__} {error}"
        if answer.status_code != 200:
            return None, f"{answer.status_code} {answer.text[:300]}"
        try:
            return answer.json(), None
        except ValueError:
            return None, f"no JSON: {answer.text[:100]}"

    def chat(model, provider_key):
        async def once(client):
            # A new text each time: no cache may answer.
            message = {"role": "user", "content": secrets.token_hex(8)}
            body, problem = await ask(client, "POST", "/v1/chat/completions", asked["virtual_key"],
                                      {"model": model, "messages": [message]})
            if problem:
                return problem
            text = body["choices"][0]["message"]["content"]
            return None if text == f"hello, you used the provider key {provider_key}" else f"another answer: {text[:100]}"
        return once

    async def models(client):
        body, problem = await ask(client, "GET", "/v1/models", asked["virtual_key"])
        if problem:
            return problem
        missing = set(asked["models"]) - {entry["id"] for entry in body["data"]}
        return f"missing: {sorted(missing)}" if missing else None

    def administrator(which):
        turn = 0

        async def once(client):
            nonlocal turn
            turn += 1
            method, path, body = [
                ("GET", "/key/list?size=1", None), ("GET", "/v1/model/info", None), ("GET", "/team/list", None),
                ("POST", "/key/update", {"key": asked["virtual_key"], "key_alias": "demo"}),
                ("GET", "/credentials", None)][turn % 5]
            _, problem = await ask(client, method, path, getattr(keys, which), body)
            return problem and f"{method} {path}: {problem}"
        return once

    async def client_of(kind, once, keeps_connection, delay):
        limits = httpx.Limits(max_connections=4, max_keepalive_connections=4 if keeps_connection else 0)
        await asyncio.sleep(delay)
        made = client = None
        try:
            while not os.path.exists(STOP):
                sent = time.time()
                if client is None or sent > made + KEPT:
                    if client:
                        await client.aclose()
                    made, client = sent, httpx.AsyncClient(limits=limits, timeout=PATIENCE, verify=reach.trust or True)
                problem = await once(client)
                out(kind=kind, sent=round(sent, 3), kept=keeps_connection, problem=problem)
                if problem is None:
                    waiting.discard((kind, keeps_connection))
                    if not waiting and not os.path.exists(STARTED):
                        open(STARTED, "w").close()
                await asyncio.sleep(max(0.0, sent + INTERVAL - time.time()))
        finally:
            if client:
                await client.aclose()

    kinds = {f"chat, {model}": chat(model, key) for model, key in asked["models"].items()}
    clients = [(kind, once, kept) for kind, once in {**kinds, "model list": models}.items() for kept in (True, False)]
    clients += [(f"administrator, {which}", administrator(which), True) for which in ("prompt", "late")]
    waiting.update((kind, kept) for kind, _, kept in clients)
    watches = [
        asyncio.create_task(watch("/api/v1/namespaces/ai/secrets", "litellm-keys", keys.secret)),
        asyncio.create_task(watch("/apis/keyrotation.dev/v1alpha1/namespaces/ai/keyrotations", "litellm", keys.rotation))]
    while keys.late is None:
        await asyncio.sleep(0.1)
    await asyncio.gather(*(client_of(*client, delay=INTERVAL * i / len(clients)) for i, client in enumerate(clients)))
    for task in watches:
        task.cancel()


def show(answers_file, phases_file):
    with open(answers_file) as file:
        lines = [json.loads(line) for line in file if line.startswith("{")]
    answers = [line for line in lines if "kind" in line]
    with open(phases_file) as file:
        phases = [(name, float(begin)) for name, begin in (line.rstrip("\n").rsplit(" ", 1) for line in file)]
    kinds = sorted({answer["kind"] for answer in answers})
    failed = 0
    for (name, begin), (_, end) in zip(phases, phases[1:] + [("", float("inf"))]):
        # By when it was sent: what a phase breaks may be answered after it.
        within = [answer for answer in answers if begin <= answer["sent"] < end]
        if not within:
            continue
        seconds = max(answer["time"] for answer in within) - begin
        print(f"  {name}: {seconds:.0f} s, {len(within) / seconds:.1f} requests a second")
        for kind in kinds:
            of_kind = [answer for answer in within if answer["kind"] == kind]
            bad = [answer for answer in of_kind if answer["problem"]]
            failed += len(bad)
            times = sorted(answer["time"] - answer["sent"] for answer in of_kind) or [0]
            print(f"    {kind:26} {len(of_kind) - len(bad):6} right {len(bad):4} failed   "
                  f"median {times[len(times) // 2] * 1000:5.0f} ms, slowest {times[-1] * 1000:6.0f} ms")
            for answer in bad[:5]:
                print(f"      {answer['sent'] - begin:6.1f} s, {'kept' if answer['kept'] else 'new'} connection: {answer['problem']}")
        for line in lines:
            if "note" in line and begin <= line["time"] < end:
                print(f"    {line['time'] - begin:6.1f} s  {line['note']}")
    print(f"{len(answers) - failed} right, {failed} failed")
    sys.exit(failed > 0 or not answers)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        asyncio.run(run())
    else:
        show(*sys.argv[2:])
