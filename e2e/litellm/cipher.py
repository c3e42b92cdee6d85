"""cipher.py   LiteLLM's own encryption, for tests that compare other code with it: answers each line of standard input by one line

A question is JSON: {"do": "seal", "key", "text", "algorithm"} or {"do": "open", "key", "text"}. The answer is the ciphertext or the
plaintext as a JSON string, or null when LiteLLM does not open it. The first line says that it is ready.
"""
import json
import os
import sys
import types

# Nothing is asked of the internet. The empty module is as in oracle.py: the real one takes ten seconds to load.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
settings = {}
sys.modules["litellm.proxy.proxy_server"] = types.SimpleNamespace(master_key=None, general_settings=settings)
from litellm.proxy.common_utils.encrypt_decrypt_utils import decrypt_value_helper, encrypt_value_helper  # noqa: E402

print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    os.environ["LITELLM_SALT_KEY"] = asked["key"]
    if asked["do"] == "seal":
        settings["encryption_algorithm"] = asked["algorithm"]
        answer = encrypt_value_helper(asked["text"])
    else:
        answer = decrypt_value_helper(asked["text"], "test", exception_type="debug")
    print(json.dumps(answer), flush=True)
