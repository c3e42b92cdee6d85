"""What stands between an operator and its API server and database, and can let it die at any of its writes.

Both interposers know a write when they see it: a mutating request to the API server, or the COMMIT of a transaction that wrote.
Each becomes an Effect, and the hook of the run is called with it at three moments:
    before      it has arrived here, and nobody else has seen it
    answered    it has happened, and the operator does not know
    delivered   the operator has been given the answer
The hook may kill the operator, wait for as long as it likes, or raise Cut: then both connections end there and then.
"""
import json
import re
import socket
import ssl
import struct
import threading
import time

BEFORE, ANSWERED, DELIVERED = "before", "answered", "delivered"


class Cut(Exception):
    """Ends the connection on which it is raised."""


class Effect:
    """One write. `name` is the same whenever the same write is tried again; `result` tells what came of it."""

    def __init__(self, name, kind, direction, detail=""):
        self.name, self.kind, self.direction, self.detail = name, kind, direction, detail
        self.result = None         # HTTP status, or COMMIT or ROLLBACK
        self.time = time.monotonic()

    @property
    def key(self):
        return f"{self.direction}: {self.name}"

    def __str__(self):
        return f"{self.key}{' ' + self.detail if self.detail else ''}"


class Interposer:
    """Accepts connections at `address`; a subclass carries them to the real server."""

    def __init__(self, address, operator):
        self.operator, self.refusing, self.lock, self.open = operator, False, threading.Lock(), set()
        self.listener = socket.create_server(address, backlog=50, reuse_port=False)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.guarded, args=(near,), daemon=True).start()

    def guarded(self, near):
        if self.refusing:
            return reset(near)
        mine = [near]
        with self.lock:
            self.open.add(near)
        try:
            self.serve(near, mine)
        except (Cut, OSError, ValueError, EOFError):
            pass
        finally:
            with self.lock:
                self.open.difference_update(mine)
            for each in mine:
                reset(each)

    def remember(self, mine, *sockets):
        mine.extend(sockets)
        with self.lock:
            self.open.update(sockets)

    def cut(self):
        """Ends every connection and lets none in until mend()."""
        self.refusing = True
        with self.lock:
            sockets = list(self.open)
        for each in sockets:
            reset(each)

    def mend(self):
        self.refusing = False


def reset(sock):
    """Closes at once, so that the other end sees a broken connection and not an orderly end."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    try:
        sock.close()
    except OSError:
        pass


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for each in (source, target):
        reset(each)


class ApiInterposer(Interposer):
    """HTTP/1.1 over TLS on both sides. Watches and upgraded connections are passed through as they are."""

    def __init__(self, address, operator, server, pki):
        self.server = server
        self.near_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.near_tls.load_cert_chain(f"{pki}/serving.crt", f"{pki}/serving.key")
        self.near_tls.set_alpn_protocols(["http/1.1"])
        self.far_tls = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        self.far_tls.set_alpn_protocols(["http/1.1"])
        super().__init__(address, operator)

    def serve(self, raw, mine):
        near = self.near_tls.wrap_socket(raw, server_side=True)
        self.remember(mine, near)
        far = self.far_tls.wrap_socket(socket.create_connection(self.server), server_hostname="127.0.0.1")
        self.remember(mine, far)
        requests, responses = Messages(near), Messages(far)
        while True:
            head = requests.head()
            method, path = head.first.split(" ")[:2]
            body = requests.body(head, until_close=False)
            effect = self.effect(method, path, body)
            if effect:
                self.operator.saw(effect, BEFORE)
            far.sendall(head.raw + body)
            if "upgrade" in head or "watch=true" in path:
                threading.Thread(target=pump, args=(far, near), daemon=True).start()
                return pump(near, far)
            reply = responses.head()
            status = int(reply.first.split(" ")[1])
            content = b"" if method == "HEAD" or status in (204, 304) else responses.body(reply, until_close=True)
            if effect:
                effect.result = status
                self.operator.saw(effect, ANSWERED)
            near.sendall(reply.raw + content)
            if effect:
                self.operator.saw(effect, DELIVERED)

    def effect(self, method, path, body):
        if method not in ("POST", "PUT", "PATCH", "DELETE"):
            return None
        parts = path.split("?")[0].strip("/").split("/")
        place = parts[parts.index("namespaces") + 2:] if "namespaces" in parts else parts
        if place[0] in ("leases", "selfsubjectaccessreviews", "selfsubjectrulesreviews") or "dryRun=All" in path:
            return None
        try:
            content = json.loads(body) if body else {}
        except ValueError:
            content = {}
        direction = self.operator.direction
        match [method, *place]:
            case [_, "keyrotations", _, "status"]:
                rotation = (content.get("status") or {}).get("rotation")
                if rotation is None:
                    return Effect("status at rest", "status", direction)
                direction = self.operator.direction = rotation["direction"]
                self.operator.revision = rotation["revision"]
                return Effect(f"status {rotation['step']}", "status", direction)
            case [_, "keyrotations", _]:
                return Effect("finalizer", "finalizer", direction)
            case ["POST", "secrets"]:
                name = content["metadata"]["name"]
                new = name.endswith(f"-r{self.operator.revision}")
                return Effect(f"Secret of the {'new' if new else 'old'} keys", "secret", direction, name)
            case ["DELETE", "secrets", name]:
                return Effect("Secret of a revision deleted", "secret", direction, name)
            case [_, "secrets", "litellm-db"]:
                return (Effect("connection URL marked", "url", direction) if "data" in content
                        else Effect("mark on the Secret of the URL", "other", direction))
            case [_, "secrets", name]:
                return (Effect("keys published", "publish", direction, name) if "data" in content
                        else Effect("mark on the Secret", "other", direction))
            case [_, "deployments", _, "scale"]:
                return Effect("scaled to " + ("0" if content["spec"].get("replicas", 0) == 0 else "its size"), "scale", direction)
            case [_, "deployments", _]:
                return (Effect("mark in the pod template", "stamp", direction) if "template" in content.get("spec", {})
                        else Effect("mark on the Deployment", "other", direction))
            case [_, "configmaps", *_]:
                return Effect("line of the audit", "audit", direction)
            case [_, "events"]:
                return Effect(f"event {content.get('reason')}", "event", direction)
        return Effect(f"{method} {'/'.join(place)}", "other", direction)


class Head(dict):
    """First line and fields of a message, names in lower case; `raw` as it came."""

    def __init__(self, raw):
        self.raw = raw
        self.first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        super().__init__((n.strip().lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines))


class Messages:
    """Reads one HTTP/1.1 message after another from a socket."""

    def __init__(self, sock):
        self.file = sock.makefile("rb")

    def head(self):
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            line = self.file.readline(65536)
            if not line:
                raise EOFError
            raw += line
        return Head(raw)

    def body(self, head, until_close):
        """The body as it came, with its chunks if it has such."""
        if "chunked" in head.get("transfer-encoding", ""):
            raw = b""
            while True:
                line = self.file.readline()
                size = int(line.split(b";")[0], 16)
                raw += line + self.exactly(size + 2)
                if size == 0:
                    return raw
        if "content-length" in head:
            return self.exactly(int(head["content-length"]))
        return self.file.read() if until_close else b""

    def exactly(self, count):
        data = self.file.read(count)
        if len(data) < count:
            raise EOFError
        return data


class DatabaseInterposer(Interposer):
    """PostgreSQL's protocol, version 3, without TLS: reads the text of statements and the ends of transactions."""

    SSL_REQUEST, GSS_REQUEST, CANCEL = 80877103, 80877104, 80877102
    WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP|TRUNCATE)\b|.*;\s*(INSERT|UPDATE|DELETE|CREATE)\b",
                        re.IGNORECASE | re.DOTALL)
    # What a transaction is called: the first that fits.
    NAMES = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), name, kind) for pattern, name, kind in [
        (r"CREATE SCHEMA IF NOT EXISTS keyrotation", "own schema", "schema"),
        (r"INTO keyrotation\.journal.*'Reencrypt'", "re-encryption", "reencrypt"),
        (r"INTO keyrotation\.journal.*'MasterKeyRows'", "end of the other master key", "close"),
        (r"INSERT INTO \S*LiteLLM_VerificationToken", "grace rows", "grace"),
        (r"DELETE FROM \S*LiteLLM_VerificationToken", "end of grace rows", "grace-end"),
        (r"DELETE FROM keyrotation\.fenced|DROP POLICY", "fence shrinks", "shrink"),
        (r"UPDATE \S*LiteLLM_", "sweep", "sweep"),
    ]]

    def __init__(self, address, operator, server):
        self.server = server
        super().__init__(address, operator)

    def serve(self, near, mine):
        far = socket.create_connection(self.server)
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.remember(mine, far)
        start = near.makefile("rb")
        while True:
            length, code = struct.unpack("!ii", exactly(start, 8))
            far.sendall(struct.pack("!ii", length, code) + exactly(start, length - 8))
            if code not in (self.SSL_REQUEST, self.GSS_REQUEST):
                break
            near.sendall(far.recv(1))
        session = Session()
        back = threading.Thread(target=self.answers, args=(far, near, session), daemon=True)
        back.start()
        while True:
            kind, message = typed(start)
            self.statement(kind, message, session)
            far.sendall(message)

    def statement(self, kind, message, session):
        if kind == b"P":
            text = message[5:].split(b"\0")[1]
        elif kind == b"Q":
            text = message[5:-1]
        else:
            return
        text = text.decode(errors="replace")
        if text.strip().upper().rstrip(";") == "COMMIT":
            if any(self.WRITES.match(statement) for statement in session.statements):
                session.commit = self.effect(session.statements)
                self.operator.saw(session.commit, BEFORE)
        else:
            session.statements.append(text)

    def effect(self, statements):
        text = "\n".join(statements)
        for pattern, name, kind in self.NAMES:
            if pattern.search(text):
                return Effect(name, kind, self.operator.direction)
        writes = next(s for s in statements if self.WRITES.match(s))
        return Effect("transaction: " + " ".join(writes.split()[:3]), "other", self.operator.direction)

    def answers(self, far, near, session):
        try:
            source = far.makefile("rb")
            while True:
                kind, message = typed(source)
                effect = session.commit
                if kind == b"C" and effect is not None and message[5:-1] in (b"COMMIT", b"ROLLBACK"):
                    effect.result = message[5:-1].decode()
                    self.operator.saw(effect, ANSWERED)
                near.sendall(message)
                if kind == b"Z" and message[5:] == b"I":
                    session.statements, session.commit = [], None
                    if effect is not None and effect.result is not None:
                        self.operator.saw(effect, DELIVERED)
        except (Cut, OSError, EOFError):
            for each in (near, far):
                reset(each)


class Session:
    def __init__(self):
        self.statements, self.commit = [], None


def exactly(file, count):
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data


def typed(file):
    kind = exactly(file, 1)
    length = exactly(file, 4)
    return kind, kind + length + exactly(file, struct.unpack("!i", length)[0] - 4)
