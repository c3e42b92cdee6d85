"""seed.py <KEYS  fills LiteLLM through its own API; prints as JSON what the proof needs to know (virtual key, models).

Runs in the toolbox pod, or where LITELLM_URL and PROVIDER_URL say whom to ask. It makes what LiteLLM stores encrypted and that its
free API can make: models with keys of their own, a model with a stored credential, environment variables, callback secrets of keys
and teams, an MCP server, a search tool, a guardrail, single sign-on. Left out is what would make LiteLLM connect to somewhere: caches,
billing exports.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

import reach

PROVIDER = os.environ.get("PROVIDER_URL", "http://provider.ai.svc.cluster.local:8080/v1")
MORE_MODELS = 50
MORE_KEYS = 20

keys = json.load(sys.stdin)


def ask(method, path, body=None, key=None):
    request = urllib.request.Request(
        reach.SERVICE + path, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key or keys['master']}", "Content-Type": "application/json"})
    with reach.urlopen(request, timeout=60) as response:
        return json.load(response)


def call(method, path, body=None, key=None):
    try:
        return ask(method, path, body, key)
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode()[:500]}")


def callback(secret):
    return {"logging": [{"callback_name": "langfuse", "callback_type": "success",
                         "callback_vars": {"langfuse_public_key": "pk-demo", "langfuse_secret_key": secret}}]}


def model(name, **parameters):
    call("POST", "/model/new", {"model_name": name, "litellm_params": parameters, "model_info": {}})


provider = keys["provider"]
call("POST", "/credentials", {"credential_name": "provider-c", "credential_info": {"description": "of the demo"},
                              "credential_values": {"api_key": provider["c"], "api_base": PROVIDER}})
model("own-parameters", model="openai/fake", api_key=provider["a"], api_base=PROVIDER)
model("custom-provider", model="fake", custom_llm_provider="openai", api_key=provider["b"], api_base=PROVIDER)
model("stored-credential", model="openai/fake", litellm_credential_name="provider-c")
for number in range(MORE_MODELS):
    model(f"more-{number}", model="openai/fake", api_key=f"sk-more-{number}", api_base=PROVIDER)

team = call("POST", "/team/new", {"team_alias": "demo", "metadata": callback("sk-lf-team")})["team_id"]
call("POST", "/user/new", {"user_id": "demo-admin", "user_role": "proxy_admin", "auto_create_key": False})
virtual = call("POST", "/key/generate", {"key_alias": "demo"})["key"]
# Not the key that is used: LiteLLM would try to reach the callback's service.
call("POST", "/key/generate", {"key_alias": "with-callback", "metadata": callback("sk-lf-key")})
for number in range(MORE_KEYS):
    call("POST", "/key/generate", {"key_alias": f"more-{number}", "team_id": team})
call("POST", "/config/update", {"environment_variables": {"DEMO_TOKEN": "a secret that LiteLLM keeps for its environment"}})

call("POST", "/v1/mcp/server", {
    "server_name": "demo", "url": PROVIDER, "transport": "http", "auth_type": "bearer_token",
    "credentials": {"auth_value": "a secret of the MCP server"}, "static_headers": {"X-Token": "a secret in a header"}})
call("POST", "/search_tools", {"search_tool": {"search_tool_name": "demo", "litellm_params": {
    "search_provider": "tavily", "api_key": "a secret of the search tool"}}})
call("POST", "/guardrails", {"guardrail": {"guardrail_name": "demo", "litellm_params": {
    "guardrail": "lakera_v2", "mode": "pre_call", "api_key": "a secret of the guardrail", "default_on": False}}})
call("PATCH", "/update/sso_settings", {"google_client_id": "demo", "google_client_secret": "a secret of single sign-on"})

chat = {"own-parameters": "a", "custom-provider": "b", "stored-credential": "c"}
if "d" in provider:
    chat["config-file"] = "d"        # a model that is in no database


def right(model):
    try:
        answer = ask("POST", "/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "are you there?"}]}, virtual)
    except urllib.error.HTTPError:
        return False
    return answer["choices"][0]["message"]["content"].endswith(f"provider key {chat[model]}")


# Each replica reads models and credentials from the database twice a minute, not always both at once. The Service picks a
# replica at random, so a dozen right answers in a row mean that all have read all. Later they could not: the fence is for them.
deadline, in_a_row = time.monotonic() + 120, 0
while in_a_row < 12:
    if time.monotonic() > deadline:
        sys.exit("the replicas do not serve the new models")
    in_a_row = in_a_row + 1 if all(map(right, chat)) else 0
    time.sleep(0.1 if in_a_row else 1)
print(json.dumps({
    "virtual_key": virtual, "models": chat,
    "summary": f"{3 + MORE_MODELS} models, a credential, {2 + MORE_KEYS} virtual keys, a team, an admin, "
               "an environment variable, an MCP server, a search tool, a guardrail, single sign-on",
}))
