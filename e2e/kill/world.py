"""The cluster, the database and the operators of the kill matrix, and what one may ask them. None of it is the operator's code."""
import base64
import contextlib
import hashlib
import http.client
import io
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import psycopg

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "litellm"))
import oracle  # noqa: E402
from interposers import BEFORE, ApiInterposer, DatabaseInterposer  # noqa: E402
from standin import CALLBACK_MARK, seal  # noqa: E402

GROUP = "/apis/keyrotation.dev/v1alpha1/namespaces/ai/keyrotations"
STAMP = "keyrotation.dev/revision"
MASTER, SALT = "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"
PROVIDER = "http://provider.ai.svc.cluster.local:8080/v1"
API_PORT, DATABASE_PORT, POOLER_PORT = 7443, 7432, 7632
DATABASE_HOST = "postgres.interposed"


class Cluster:
    """The API server, asked as its administrator and not through an interposer."""

    def __init__(self, port, pki):
        self.port = port
        self.tls = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        self.tls.load_cert_chain(f"{pki}/admin.crt", f"{pki}/admin.key")

    def connection(self, timeout=30):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=timeout)

    def call(self, method, path, body=None, kind="application/json", must=True):
        connection = self.connection()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": kind})
            response = connection.getresponse()
            content = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        if response.status >= 300:
            if must:
                raise AssertionError(f"{method} {path}: {response.status} {content.get('message')}")
            return None
        return content

    def get(self, path, must=True):
        return self.call("GET", path, must=must)

    def patch(self, path, body):
        return self.call("PATCH", path, body, "application/merge-patch+json")

    def keys(self):
        data = self.get("/api/v1/namespaces/ai/secrets/litellm-keys")["data"]
        return {name: base64.b64decode(data[name]).decode() for name in (MASTER, SALT)}

    def rotation(self):
        return self.get(f"{GROUP}/litellm", must=False)

    def pods(self):
        """Pods of the proxy that are not on their way out."""
        found = self.get("/api/v1/namespaces/ai/pods?labelSelector=app%3Dlitellm")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def log(self, app):
        """All that a pod has written."""
        pod = self.get(f"/api/v1/namespaces/ai/pods?labelSelector=app%3D{app}")["items"][0]["metadata"]["name"]
        connection = self.connection()
        try:
            connection.request("GET", f"/api/v1/namespaces/ai/pods/{pod}/log")
            return connection.getresponse().read().decode(errors="replace")
        finally:
            connection.close()

    def deployment(self):
        return self.get("/apis/apps/v1/namespaces/ai/deployments/litellm")


class Changes:
    """Every change of the keys' Secret and of the Deployment, from watches: the API server leaves none out."""

    def __init__(self, cluster):
        self.cluster, self.seen, self.lock = cluster, {"keys": [], "mark": [], "size": []}, threading.Lock()
        for path, name, read in [("/api/v1/namespaces/ai/secrets", "litellm-keys", self.secret),
                                 ("/apis/apps/v1/namespaces/ai/deployments", "litellm", self.deployment)]:
            threading.Thread(target=self.watch, args=(path, name, read), daemon=True).start()

    def watch(self, path, name, read):
        while True:
            try:
                connection = self.cluster.connection(timeout=None)
                connection.request("GET", f"{path}?watch=true&fieldSelector=metadata.name%3D{name}")
                response = connection.getresponse()
                while line := response.readline():
                    read(json.loads(line)["object"])
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.2)

    def note(self, what, value):
        with self.lock:
            if not self.seen[what] or self.seen[what][-1] != value:
                self.seen[what].append(value)

    def secret(self, secret):
        self.note("keys", hashlib.sha256(json.dumps(secret["data"], sort_keys=True).encode()).hexdigest())

    def deployment(self, deployment):
        self.note("mark", (deployment["spec"]["template"]["metadata"].get("annotations") or {}).get(STAMP))
        self.note("size", deployment["spec"]["replicas"])

    def take(self):
        """How often each changed since the last call."""
        with self.lock:
            counts = {what: len(values) - 1 for what, values in self.seen.items()}
            self.seen = {what: values[-1:] for what, values in self.seen.items()}
        return counts


class Database:
    """PostgreSQL, asked as its superuser: no fence and no lock of LiteLLM's role is in the way."""

    def __init__(self, host, passwords):
        self.host, self.passwords = host, passwords

    def url(self, role, host=None, port=5432):
        return f"postgresql://{role}:{self.passwords[role]}@{host or self.host}:{port}/litellm"

    def connect(self, role="postgres", autocommit=True):
        return psycopg.connect(self.url(role), autocommit=autocommit, client_encoding="utf8")

    def query(self, sql, *parameters, role="postgres"):
        with self.connect(role) as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def fill(self, salt, provider):
        """One row of each kind that the stand-in reads, and others that only the search finds. Two ciphers, JSON inside of text."""
        def insert(table, **values):
            names = ", ".join(f'"{name}"' for name in values)
            self.query(f'INSERT INTO "LiteLLM_{table}" ({names}) VALUES ({", ".join(["%s"] * len(values))})',
                       *values.values(), role="litellm")

        def sealed(form="nacl", **values):
            return json.dumps({name: seal(value, salt, form) for name, value in values.items()})

        def callback(secret):
            return json.dumps({"logging": [{"callback_name": "langfuse", "callback_type": "success", "callback_vars": {
                "langfuse_public_key": "pk-canary", "langfuse_secret_key": CALLBACK_MARK + seal(secret, salt)}}]})

        by = {"created_by": "e2e", "updated_by": "e2e"}
        for number in range(6):
            insert("ProxyModelTable", model_id=f"model-{number}", model_name=f"model-{number}", model_info="{}", **by,
                   litellm_params=sealed("gcm" if number % 2 else "nacl", model="openai/fake", api_base=PROVIDER,
                                         api_key=provider[f"model-{number}"]))
        insert("CredentialsTable", credential_id="c", credential_name="c", credential_info="{}", **by,
               credential_values=sealed(api_key=provider["by-credential"], api_base=PROVIDER))
        insert("ProxyModelTable", model_id="by-credential", model_name="by-credential", model_info="{}", **by,
               litellm_params=sealed(model="openai/fake", litellm_credential_name="c"))
        insert("Config", param_name="environment_variables", param_value=json.dumps({"E2E": seal("of the environment", salt)}))
        insert("UserTable", user_id="admin", user_role="proxy_admin")
        insert("TeamTable", team_id="team", metadata=callback("canary-team"), models=[])
        for number in range(3):
            token = hashlib.sha256(f"sk-virtual-{number}".encode()).hexdigest()
            # The first one is used; LiteLLM would try to reach the callback's service of the others and of the team.
            insert("VerificationToken", token=token, key_alias=f"virtual-{number}", team_id="team" if number else None, models=[],
                   metadata=callback(f"canary-key-{number}") if number else "{}")

    def leftovers(self):
        """What a rotation must not leave behind, as sentences."""
        found = []
        for sql, what in [
                ("""SELECT token FROM "LiteLLM_VerificationToken" WHERE metadata -> 'keyrotation.dev/grace' IS NOT NULL""", "grace rows"),
                ("""SELECT 1 FROM "LiteLLM_UserTable" WHERE user_id = 'keyrotation-grace'""", "the user of grace rows"),
                ("SELECT polname FROM pg_policy", "row level security policies"),
                ("SELECT relname FROM pg_class WHERE relrowsecurity OR relforcerowsecurity", "tables with row level security"),
                ("""SELECT pid FROM pg_stat_activity WHERE application_name = 'keyrotation' AND state LIKE 'idle in transaction%'""",
                 "open transactions of an operator")]:
            rows = self.query(sql)
            if rows:
                found.append(f"{len(rows)} {what}")
        if self.query("SELECT to_regclass('keyrotation.fenced')")[0][0] and self.query("SELECT 1 FROM keyrotation.fenced"):
            found.append("addresses behind the fence")
        if self.query("SELECT to_regclass('keyrotation.fenced_but')")[0][0] and self.query("SELECT 1 FROM keyrotation.fenced_but"):
            found.append("a role behind the fence")
        return found

    def journal(self, rotation):
        """Committed re-encryptions of a rotation by direction."""
        if not self.query("SELECT to_regclass('keyrotation.journal')")[0][0]:
            return {}
        rows = self.query("SELECT direction, count(*) FROM keyrotation.journal WHERE rotation_id = %s AND kind = 'Reencrypt'"
                          " GROUP BY 1", rotation)
        return {direction.replace("_", "").lower(): count for direction, count in rows}

    def copied_twice(self, rotation):
        """Cells of tables that nobody else could write meanwhile which were copied, so re-encrypted, more than once."""
        if not self.query("SELECT to_regclass('keyrotation.ciphertext_copy')")[0][0]:
            return 0
        return self.query("SELECT count(*) FROM (SELECT 1 FROM keyrotation.ciphertext_copy WHERE rotation_id = %s"
                          " AND table_name NOT IN ('LiteLLM_VerificationToken', 'LiteLLM_TeamTable', 'LiteLLM_UserTable')"
                          " GROUP BY direction, table_name, row_id, column_name HAVING count(*) > 1) twice", rotation)[0][0]


class Pooler:
    """PgBouncer in session mode before the database, in the cluster's network. Whoever comes through it has its address."""

    def __init__(self, settings, database):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((database.host, 9))     # sends nothing: only to learn which address pods see
            self.host = probe.getsockname()[0]
        configuration = os.path.join(settings["work"], "pgbouncer.ini")
        with open(os.open(configuration, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            # With auth_type any there is no file of users, which PgBouncer would look for again after it has become another user.
            file.write(f"[databases]\nlitellm = host={database.host} user=litellm password={database.passwords['litellm']}\n"
                       f"[pgbouncer]\nlisten_addr = {self.host}\nlisten_port = {POOLER_PORT}\nunix_socket_dir =\n"
                       "auth_type = any\npool_mode = session\nuser = nobody\n")
        with open(os.path.join(settings["logs"], "pgbouncer.log"), "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", settings["pgbouncer"], configuration],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def url(self, database):
        return database.url("litellm", self.host, POOLER_PORT)

    def end(self):
        self.process.kill()
        self.process.wait()


class Operator:
    """One process of the operator, behind interposers of its own. `hook` sees each of its writes."""

    def __init__(self, name, address, settings, server, database):
        self.name, self.settings, self.process = name, settings, None
        self.log = os.path.join(settings["logs"], f"operator-{name}.log")
        self.effects, self.hook, self.direction, self.revision = [], None, "Forward", 0
        self.starts, self.lock = 0, threading.Lock()
        # The API server's certificate is for 127.0.0.1: so one port for each operator there.
        api = ("127.0.0.1", API_PORT + int(address.split(".")[-1]))
        self.api = ApiInterposer(api, self, server, settings["pki"])
        self.database = DatabaseInterposer((address, DATABASE_PORT), self, (database.host, 5432))
        self.directory = os.path.join(settings["work"], f"operator-{name}")
        os.makedirs(self.directory, exist_ok=True)
        # The URL in the Secret is one for all; each process finds its own interposer under the name in it.
        with open(os.path.join(self.directory, "hosts"), "w") as file:
            file.write(f"127.0.0.1 localhost\n{address} {DATABASE_HOST}\n")
        self.login = (api, f"{settings['pki']}/ca.crt")
        self.renew(settings["token"])

    def renew(self, token):
        """From its next start on it shows this token to the API server."""
        api, authority = self.login
        with open(os.open(os.path.join(self.directory, "kubeconfig"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "e2e",
                       "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "operator", "namespace": "ai"}}],
                       "clusters": [{"name": "e2e", "cluster": {
                           "server": f"https://{api[0]}:{api[1]}",
                           "certificate-authority": authority}}],
                       "users": [{"name": "operator", "user": {"token": token}}]}, file)

    def saw(self, effect, moment):
        if moment == BEFORE:
            with self.lock:
                self.effects.append(effect)
        if self.hook is not None:
            self.hook(effect, moment)

    def start(self):
        self.starts += 1
        out = open(self.log, "ab")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", self.settings["java"][0], f"-Djdk.net.hosts.file={self.directory}/hosts",
             *self.settings["java"][1:]],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.directory,
            env={"PATH": "/usr/bin:/bin", "HOME": self.directory, "KUBECONFIG": f"{self.directory}/kubeconfig",
                 # Without election nothing but the fencing of each write keeps two operators apart; and the next one need not wait.
                 "KEYROTATION_LEADER_ELECTION_ENABLED": "false", "KEYROTATION_NAMESPACES": "ai", "KEYROTATION_HTTP_PORT": "0"})
        out.close()

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self, how=signal.SIGKILL):
        if self.process is not None:
            self.process.send_signal(how)
            if how == signal.SIGKILL:
                self.process.wait()

    def happened(self):
        """Names of the writes that took effect, in their order."""
        with self.lock:
            return [e for e in self.effects if e.result == "COMMIT" or isinstance(e.result, int) and e.result < 300]


class Judge:
    """oracle.py: LiteLLM's own functions over all that is stored."""

    def __init__(self, database):
        self.database = database

    def asked(self, question, *arguments):
        """Whether it ended well, and what it printed."""
        said = io.StringIO()
        with self.database.connect() as connection, contextlib.redirect_stdout(said):
            try:
                question(connection, *arguments)
            except SystemExit as end:
                return not end.code, said.getvalue()
        return True, said.getvalue()

    def opens(self, salt, other):
        """Whether every encrypted value opens under `salt` and none under `other`; and the table of counts."""
        return self.asked(oracle.count, {"salt": other, "new_salt": salt}, "new")

    def snapshot(self, salt):
        """What all rows say."""
        return self.asked(oracle.snapshot, {"salt": salt})[1]


def ask_pod(pod, path, key, body=None):
    """Status and body of what a pod answers; status 0 when it does not."""
    connection = http.client.HTTPConnection(pod["status"]["podIP"], 4000, timeout=10)
    try:
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, {"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


def random_key():
    return "sk-" + secrets.token_urlsafe(32)
