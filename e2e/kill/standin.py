"""standin.py  a small proxy that keeps LiteLLM's rules as far as a key rotation meets them, and starts in a second

It reads LITELLM_MASTER_KEY, LITELLM_SALT_KEY and DATABASE_URL from its environment, at its start and never again, and works on
LiteLLM's own tables. What it imitates, as measured on LiteLLM 1.100 and 1.108 (times shortened by the variables below):
- every RELOAD_SECONDS models and credentials are read again. A read that fails changes nothing; one that succeeds with values that
  do not open breaks these models.
- a key is looked up by its SHA-256, first in a cache of CACHE_SECONDS, then as the master key, then in the table of keys.
  `expires` counts also for cached entries. What is not found is not cached.
- it writes, every WRITE_SECONDS: a model's parameters and a key's callback secret, as it knows them, under the salt key that it has.
- it keeps a session of the database open, and is not ready without one.
READY_WITH: hex digits with which the master key's SHA-256 must begin, or the proxy never gets ready.

The ciphers are written after LiteLLM's description, with PyNaCl and cryptography; the oracle that judges what is stored uses
LiteLLM's own functions.
"""
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import signal
import sys
import threading
import time
import urllib.parse

import nacl.exceptions
import nacl.secret
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CALLBACK_MARK = "litellm_enc::"
GCM = "v2:gcm:"


def seal(text, salt, form="nacl"):
    key = hashlib.sha256(salt.encode()).digest()
    if form == "gcm":
        nonce = os.urandom(12)
        return GCM + base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), None)).decode()
    return base64.urlsafe_b64encode(bytes(nacl.secret.SecretBox(key).encrypt(text.encode()))).decode()


def unseal(value, salt):
    """What the value says; None when it does not open."""
    key = hashlib.sha256(salt.encode()).digest()
    try:
        if value.startswith(GCM):
            raw = base64.urlsafe_b64decode(value.removeprefix(GCM))
            return AESGCM(key).decrypt(raw[:12], raw[12:], None).decode()
        return nacl.secret.SecretBox(key).decrypt(base64.urlsafe_b64decode(value)).decode()
    except (ValueError, InvalidTag, nacl.exceptions.CryptoError):
        return None


class Database:
    """One session, opened again when it broke."""

    def __init__(self, url):
        self.url, self.lock, self.connection = url, threading.Lock(), None

    def query(self, sql, *parameters):
        with self.lock:
            try:
                if self.connection is None:
                    self.connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5,
                                                      client_encoding="utf8")
                cursor = self.connection.execute(sql, parameters or None)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
                raise


class Proxy:
    def __init__(self):
        self.master, self.salt = os.environ["LITELLM_MASTER_KEY"], os.environ["LITELLM_SALT_KEY"]
        self.database = Database(os.environ["DATABASE_URL"])
        self.models, self.credentials, self.callbacks, self.cache = {}, {}, {}, {}
        digest = hashlib.sha256(self.master.encode()).hexdigest()
        self.may_be_ready = digest.startswith(os.environ.get("READY_WITH", ""))

    def reload(self):
        """A read that fails leaves everything as it is."""
        models = self.database.query('SELECT model_id, model_name, litellm_params, model_info FROM "LiteLLM_ProxyModelTable"')
        credentials = self.database.query('SELECT credential_name, credential_values FROM "LiteLLM_CredentialsTable"')
        callbacks = self.database.query(
            'SELECT token, metadata FROM "LiteLLM_VerificationToken" WHERE metadata::text LIKE %s', f"%{CALLBACK_MARK}%")
        self.credentials = {name: {k: self.opened(v) for k, v in values.items()} for name, values in credentials}
        self.models = {
            row[0]: {"name": row[1], "info": row[3] or {}, "forms": {k: self.form(v) for k, v in row[2].items()},
                     "params": {k: self.opened(v) for k, v in row[2].items()}} for row in models}
        for token, metadata in callbacks:
            secret = metadata["logging"][0]["callback_vars"]["langfuse_secret_key"]
            plain = unseal(secret.removeprefix(CALLBACK_MARK), self.salt)
            if plain is not None:
                self.callbacks[token] = plain

    def opened(self, value):
        """The value as LiteLLM shows it: what does not open stays as it is stored."""
        plain = unseal(value, self.salt) if isinstance(value, str) else value
        return value if plain is None else plain

    @staticmethod
    def form(value):
        return "gcm" if isinstance(value, str) and value.startswith(GCM) else "nacl"

    def write(self, turn):
        """Saves something unchanged, as somebody does who presses Save in the admin interface."""
        if turn % 2 and self.callbacks:
            token, secret = sorted(self.callbacks.items())[turn // 2 % len(self.callbacks)]
            self.database.query(
                'UPDATE "LiteLLM_VerificationToken" SET metadata = jsonb_set(metadata, %s, to_jsonb(%s::text)) WHERE token = %s',
                ["logging", "0", "callback_vars", "langfuse_secret_key"], CALLBACK_MARK + seal(secret, self.salt), token)
        elif self.models:
            name, model = sorted(self.models.items())[turn // 2 % len(self.models)]
            if any(self.broken(v) for v in model["params"].values()):
                return
            values = {k: seal(v, self.salt, model["forms"][k]) if isinstance(v, str) else v for k, v in model["params"].items()}
            self.database.query('UPDATE "LiteLLM_ProxyModelTable" SET litellm_params = %s::jsonb WHERE model_id = %s',
                                json.dumps(values), name)

    @staticmethod
    def broken(value):
        return isinstance(value, str) and (value.startswith(GCM) or len(value) >= 56 and len(value) % 4 == 0
                                           and not value.startswith("sk-"))

    def role(self, bearer):
        """Role of the key, or an error's type."""
        digest, now = hashlib.sha256(bearer.encode()).hexdigest(), time.monotonic()
        until, role, expires = self.cache.get(digest, (0, None, None))
        if until < now:
            if hmac.compare_digest(bearer.encode(), self.master.encode()):
                role, expires = "proxy_admin", None
            elif not bearer.startswith("sk-"):
                return None, "auth_error"
            else:
                try:
                    rows = self.database.query(
                        'SELECT u.user_role, t.expires, t.blocked, t.models FROM "LiteLLM_VerificationToken" t'
                        ' LEFT JOIN "LiteLLM_UserTable" u USING (user_id) WHERE t.token = %s', digest)
                except psycopg.Error:
                    return None, "auth_error"
                if not rows:
                    return None, "token_not_found_in_db"
                user_role, expires, blocked, models = rows[0]
                if blocked or models is None:
                    return None, "auth_error"
                role = user_role if user_role == "proxy_admin" else "key"
            self.cache[digest] = (now + float(os.environ.get("CACHE_SECONDS", "60")), role, expires)
        if expires is not None and expires < datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None):
            return None, "expired_key"
        return role, None

    def key_of(self, name):
        """The provider key that the named model would use; None when the model is not to be had."""
        for model in self.models.values():
            if model["name"] == name:
                credential = model["params"].get("litellm_credential_name")
                key = self.credentials.get(credential, {}).get("api_key") if credential else model["params"].get("api_key")
                return None if key is None or self.broken(key) else key
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path)
        if path.path == "/health/readiness":
            return self.readiness()
        role, error = self.authenticate()
        if role is None:
            return self.refuse(401, error)
        models = self.proxy.models
        if path.path == "/v1/models":
            return self.answer(200, {"object": "list", "data": [{"id": m["name"], "object": "model"} for m in models.values()]})
        if path.path == "/key/list":
            return self.answer(200, {"keys": [], "total_count": 0}) if role == "proxy_admin" else self.refuse(403, "auth_error")
        if path.path == "/health/readiness/details":
            return self.answer(200, {"litellm_version": "0.0.0-standin"})
        if path.path == "/v1/model/info":
            if not models:
                return self.refuse(500, "internal_server_error")
            return self.answer(200, {"data": [
                {"model_name": m["name"], "litellm_params": {"model": m["params"].get("model")},
                 "model_info": {"id": i, "db_model": True}} for i, m in models.items()]})
        if path.path == "/v2/model/info":
            return self.answer(200, {"data": []})
        return self.refuse(404, "not_found")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        role, error = self.authenticate()
        if role is None:
            return self.refuse(401, error)
        if self.path != "/v1/chat/completions":
            return self.refuse(404, "not_found")
        key = self.proxy.key_of(json.loads(body)["model"])
        if key is None:
            return self.refuse(500, "internal_server_error")
        used = hashlib.sha256(key.encode()).hexdigest()
        return self.answer(200, {"choices": [{"message": {"role": "assistant", "content": f"used {used}"}}]})

    def readiness(self):
        try:
            self.proxy.database.query("SELECT 1")
        except psycopg.Error:
            return self.answer(503, {"status": "unhealthy", "db": "disconnected"})
        if not self.proxy.may_be_ready:
            return self.answer(503, {"status": "unhealthy", "db": "connected"})
        return self.answer(200, {"status": "healthy", "db": "connected"})

    def authenticate(self):
        return self.proxy.role((self.headers.get("authorization") or "").removeprefix("Bearer "))

    def refuse(self, status, kind):
        self.answer(status, {"error": {"message": "refused", "type": kind, "param": None, "code": str(status)}})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def every(variable, usual, work):
    def run():
        turn = 0
        while True:
            time.sleep(float(os.environ.get(variable, usual)))
            try:
                work(turn)
            except psycopg.Error as error:
                # As LiteLLM does: it is logged and tried again. The text quotes no value.
                print(f"{variable}: {type(error).__name__} {error.sqlstate}", file=sys.stderr, flush=True)
            turn += 1
    threading.Thread(target=run, daemon=True).start()


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))   # the first process of a container has no default for it
    proxy = Handler.proxy = Proxy()
    try:
        proxy.reload()
    except psycopg.Error:
        pass                                                # the next reload brings the models
    every("RELOAD_SECONDS", "30", lambda turn: proxy.reload())
    every("WRITE_SECONDS", "60", proxy.write)
    http.server.ThreadingHTTPServer(("", 4000), Handler).serve_forever()


if __name__ == "__main__":
    main()
