"""fill.py VALUES URL <KEYS   fills LiteLLM's tables with so many encrypted values: by LiteLLM's own function, under "salt" of KEYS

Four in five are of models (three a row), the others of credentials (two a row) and of keys' metadata (one a row).
"""
import hashlib
import json
import os
import pathlib
import sys

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e" / "litellm"))
import oracle  # noqa: E402  loads LiteLLM's functions without the rest of it
from litellm.proxy.common_utils.encrypt_decrypt_utils import encrypt_value_helper  # noqa: E402

NOW = "2026-01-01"


def sealed(text):
    return encrypt_value_helper(text)


def models(number):
    for i in range(number):
        yield (f"model-{i:08}", f"name-{i}", json.dumps({
            "model": sealed(f"openai/gpt-{i}"), "api_key": sealed(f"sk-provider-{i:032}"),
            "api_base": sealed("https://provider.internal/v1"), "rpm": 100, "use_in_pass_through": False}),
            json.dumps({"id": f"model-{i:08}", "db_model": True}), "bench", "bench", NOW)


def credentials(number):
    for i in range(number):
        yield (f"credential-{i:08}", f"credential-{i}", json.dumps({
            "api_key": sealed(f"sk-credential-{i:032}"), "api_base": sealed("https://provider.internal/v1")}), "{}", "bench", "bench", NOW)


def keys(number):
    for i in range(number):
        yield (hashlib.sha256(f"key-{i}".encode()).hexdigest(), f"sk-...{i:04}"[:12], f"key-{i}", [], 1.5, json.dumps({
            "logging": [{"callback_name": "langfuse", "callback_vars": {
                "langfuse_secret_key": oracle.MARK + sealed(f"sk-lf-{i:032}"), "langfuse_host": "https://langfuse.internal"}}]}))


def main():
    values, url = int(sys.argv[1]), sys.argv[2]
    os.environ["LITELLM_SALT_KEY"] = json.load(sys.stdin)["salt"]
    rest = values // 10
    tables = [
        ("LiteLLM_CredentialsTable", credentials(rest // 2), "credential_id", "credential_name", "credential_values",
         "credential_info", "created_by", "updated_by", "updated_at"),
        ("LiteLLM_VerificationToken", keys(rest), "token", "key_name", "key_alias", "models", "spend", "metadata"),
        ("LiteLLM_ProxyModelTable", models((values - 2 * rest) // 3), "model_id", "model_name", "litellm_params", "model_info",
         "created_by", "updated_by", "updated_at")]
    with psycopg.connect(url) as db:
        for table, rows, *columns in tables:
            names = ", ".join(f'"{column}"' for column in columns)
            with db.cursor().copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
