"""cipher.py   LiteLLM's own encryption, for tests that compare other code with it: answers each line of standard input by one line

A question is JSON: {"do": "seal", "key", "text", "algorithm"} or {"do": "open", "key", "text"}. The answer is the ciphertext or the
plaintext as a JSON string, or null when LiteLLM does not open it. The first line says that it is ready.
"""
import json
import os
import sys

import oracle  # noqa: F401  loads LiteLLM's functions without the rest of it
from litellm.proxy.common_utils.encrypt_decrypt_utils import decrypt_value_helper, encrypt_value_helper
from litellm.proxy.proxy_server import general_settings

print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    os.environ["LITELLM_SALT_KEY"] = asked["key"]
    if asked["do"] == "seal":
        general_settings["encryption_algorithm"] = asked["algorithm"]
        answer = encrypt_value_helper(asked["text"])
    else:
        answer = decrypt_value_helper(asked["text"], "test", exception_type="debug")
    print(json.dumps(answer), flush=True)
