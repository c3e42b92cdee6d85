"""standin.py  answers as LiteLLM does what keyrotation asks, and starts in a second: for tests that need many starts.

Environment: LITELLM_MASTER_KEY, LITELLM_SALT_KEY, DATABASE_URL. Like LiteLLM it reads its models from the database at its start
and once in a while, opens them with the salt key, complains in LiteLLM's words about those that do not open, and keeps what
it has when the database does not let it read. Whether values are right is never judged with it: that is what oracle.py is for.
"""
import base64
import hashlib
import http.server
import json
import os
import signal
import sys
import threading
import time

import nacl.exceptions
import nacl.secret
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER, SALT, DATABASE = (os.environ[name] for name in ("LITELLM_MASTER_KEY", "LITELLM_SALT_KEY", "DATABASE_URL"))
RELOAD = 2  # seconds
models = []


def query(statement, *values):
    with psycopg.connect(DATABASE, connect_timeout=3, autocommit=True) as connection:
        return connection.execute(statement, values).fetchall()


def opened(value):
    digest = hashlib.sha256(SALT.encode()).digest()
    try:
        if value.startswith("v3:gcm:"):
            key = HKDF(SHA256(), 32, None, b"litellm-at-rest-v3").derive(SALT.encode())
        elif value.startswith("v2:gcm:"):
            key = digest
        else:
            return nacl.secret.SecretBox(digest).decrypt(base64.urlsafe_b64decode(value)).decode()
        raw = base64.urlsafe_b64decode(value[7:])
        return AESGCM(key).decrypt(raw[:12], raw[12:], None).decode()
    except (ValueError, InvalidTag, nacl.exceptions.CryptoError):
        print("Error decrypting value for key: litellm_params, Did your master_key/salt key change recently?", file=sys.stderr)
        return value


def load():
    global models
    models = [
        {"model_name": name, "litellm_params": {"model": opened(parameters["model"])}, "model_info": {"id": identity, "db_model": True}}
        for identity, name, parameters in query('select model_id, model_name, litellm_params from "LiteLLM_ProxyModelTable"')]


def reload():
    while True:
        time.sleep(RELOAD)
        try:
            load()
        except psycopg.Error as error:
            print(f"models are kept as they are: {type(error).__name__}", file=sys.stderr)


def role(key):
    """admin, user, or None for a key that is not known."""
    if key == MASTER:
        return "admin"
    found = query('select u.user_role from "LiteLLM_VerificationToken" t left join "LiteLLM_UserTable" u using (user_id)'
                  " where t.token = %s and (t.expires is null or t.expires > now() at time zone 'utc')",
                  hashlib.sha256(key.encode()).hexdigest())
    return None if not found else "admin" if found[0][0] == "proxy_admin" else "user"


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path in ("/health/readiness", "/health/liveliness", "/health/liveness"):
            try:
                query("select 1")
                self.answer(200, {"status": "connected", "db": "connected", "litellm_version": "1.108.4"})
            except psycopg.Error:
                self.answer(503, {"status": "unhealthy", "db": "disconnected"})
            return
        try:
            known = role((self.headers.get("authorization") or "").removeprefix("Bearer "))
        except psycopg.Error:
            self.answer(401, {"error": {"message": "no database", "type": "auth_error", "code": "401"}})
            return
        if known is None:
            self.answer(401, {"error": {"message": "Invalid proxy server token", "type": "token_not_found_in_db", "code": "401"}})
        elif path == "/v1/models":
            self.answer(200, {"data": [{"id": model["model_name"]} for model in models]})
        elif known != "admin":
            self.answer(403, {"error": {"message": "admins only", "code": "403"}})
        elif path == "/v1/model/info":
            self.answer(200, {"data": models})
        elif path == "/key/list":
            self.answer(200, {"keys": [], "total_count": 0})
        else:
            self.answer(404, {"detail": "Not Found"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    load()
    threading.Thread(target=reload, daemon=True).start()
    http.server.ThreadingHTTPServer(("", 4000), Proxy).serve_forever()
