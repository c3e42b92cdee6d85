"""oracle.py count [--expect old|new] <KEYS   judges every stored value by LiteLLM's own functions: which key opens it?
   oracle.py snapshot <KEYS                  prints what the tables say, with every secret opened, as digests

Runs in the toolbox pod or on a host of the rig, with LiteLLM's Python code; it knows nothing of keyrotation's code.
KEYS is JSON with "salt" (the old salt key) and, for count, "new_salt".

count looks at every text and JSON column of every table: no list of columns that could forget one. With --expect it exits 1
unless every encrypted value opens under that key, none under the other, and there are some.
snapshot shows whether anything but ciphertext changed: the same before and after a rotation, since digests are of what the
values say, not of how they are encrypted.
"""
import base64
import collections
import hashlib
import importlib.util
import json
import logging
import os
import re
import sys
import types
import urllib.parse

try:
    import psycopg
    from psycopg.rows import scalar_row
except ImportError:
    sys.exit("oracle.py needs the Python package psycopg; LiteLLM's images have it since 1.108, the rig has it with every version")

# LiteLLM's functions as they are; but not what they would load beside themselves, all of LiteLLM for a logger and the proxy for
# its master key, which takes ten seconds. They ask for that key only when no salt key is set, and we always set one.
package = types.ModuleType("litellm")
package.__path__ = importlib.util.find_spec("litellm").submodule_search_locations
sys.modules.update({
    "litellm": package,
    "litellm._logging": types.SimpleNamespace(verbose_proxy_logger=logging.getLogger("litellm")),
    "litellm.proxy.proxy_server": types.SimpleNamespace(master_key=None, general_settings={}),
})
from litellm.proxy.common_utils.encrypt_decrypt_utils import decrypt_value_helper  # noqa: E402

MARK = "litellm_enc::"
# What LiteLLM changes by itself as it serves.
BUSY_COLUMNS = {"spend", "model_spend", "last_active", "updated_at", "budget_reset_at", "reload_revision"}
# Who saved a key last, and when: an administrator of the load test, with the master key or while a short-lived row stands for it.
BUSY_COLUMNS_OF = {"LiteLLM_VerificationToken": {"updated_by", "settings_updated_at"}}
BUSY_TABLES = re.compile(r"SpendLog|Daily|HealthCheck|CronJob|Heartbeat|ErrorLogs|AuditLog|_prisma_migrations")


def opened(value, key):
    """What the value says under this key; None if it does not open."""
    os.environ["LITELLM_SALT_KEY"] = key
    value = value.removeprefix(MARK)
    # LiteLLM takes whatever decodes to no bytes for an empty secret under any key.
    if not re.match(r"v\d+:", value) and len(value) < 40:
        return None
    return decrypt_value_helper(value, "oracle", exception_type="debug")


def looks_encrypted(value):
    if value.startswith(MARK) or re.match(r"v\d+:gcm:", value):
        return True
    if not re.fullmatch(r"[A-Za-z0-9_+/-]+={0,2}", value) or len(value) % 4 or re.fullmatch(r"[0-9a-fA-F]+", value):
        return False
    return len(base64.urlsafe_b64decode(value)) >= 40


def leaves(value):
    """Every string in a value; JSON inside a string counts as JSON."""
    if isinstance(value, dict):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    elif isinstance(value, str):
        if value[:1] in '{["':
            try:
                yield from leaves(json.loads(value))
                return
            except ValueError:
                pass
        yield value


def said(value, key):
    """The same value with every secret opened."""
    if isinstance(value, dict):
        return {name: said(child, key) for name, child in value.items()}
    if isinstance(value, list):
        return [said(child, key) for child in value]
    if isinstance(value, str):
        plain = opened(value, key)
        if plain is not None:
            return {"secret": plain}
        if value[:1] in '{["':
            try:
                return {"json": said(json.loads(value), key)}
            except ValueError:
                pass
    return value


def tables(db):
    found = collections.defaultdict(list)
    for table, column in db.execute(
            "select table_name, column_name from information_schema.columns natural join "
            "information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1, 2"):
        found[table].append(column)
    return found


def rows(db, table, columns):
    # As JSON text: what the database client makes of the types must not matter.
    pairs = ", ".join(f"""'{c}', to_jsonb("{c}")""" for c in columns[:50]), ", ".join(
        f"""'{c}', to_jsonb("{c}")""" for c in columns[50:])
    expression = f"(jsonb_build_object({pairs[0]}) || jsonb_build_object({pairs[1]}))::text"
    for text in db.cursor(row_factory=scalar_row).execute(f'select {expression} from "{table}"'):
        yield json.loads(text)


def count(db, keys, expected):
    total = collections.Counter()
    print(f"{'column':60} {'new key':>8} {'old key':>8} {'neither':>8}")
    for table, columns in tables(db).items():
        found = collections.defaultdict(collections.Counter)
        for row in rows(db, table, columns):
            for column, value in row.items():
                for leaf in leaves(value):
                    if opened(leaf, keys["new_salt"]) is not None:
                        found[column]["new"] += 1
                    elif opened(leaf, keys["salt"]) is not None:
                        found[column]["old"] += 1
                    elif looks_encrypted(leaf):
                        found[column]["neither"] += 1
        for column, counts in sorted(found.items()):
            print(f"{table + '.' + column:60} {counts['new']:8} {counts['old']:8} {counts['neither']:8}")
            total.update(counts)
    print(f"{'all':60} {total['new']:8} {total['old']:8} {total['neither']:8}")
    if expected:
        sys.exit(not (total[expected] > 0 and total[expected] == sum(total.values())))


def snapshot(db, keys):
    result = {}
    for table, columns in tables(db).items():
        if BUSY_TABLES.search(table):
            continue
        said_rows = []
        busy = BUSY_COLUMNS | BUSY_COLUMNS_OF.get(table, set())
        for row in rows(db, table, [c for c in columns if c not in busy]):
            said_rows.append({column: digest(said(value, keys["salt"])) for column, value in row.items()})
        if said_rows:
            result[table] = sorted(said_rows, key=lambda row: sorted(row.items()))
    print(json.dumps(result))


def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def for_libpq(url):
    """LiteLLM's URL in the words of this client: Prisma names the authority `sslcert`, and verifies with `sslaccept=strict`."""
    parts = urllib.parse.urlsplit(url)
    parameters = dict(urllib.parse.parse_qsl(parts.query))
    if parameters.pop("sslaccept", None) != "strict":
        return url
    parameters.update(sslmode="verify-full", sslrootcert=parameters.pop("sslcert"))
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(parameters)))


def main():
    keys = json.load(sys.stdin)
    # Named, because a server whose encoding is SQL_ASCII would send bytes instead of text.
    with psycopg.connect(for_libpq(os.environ["DATABASE_URL"]), client_encoding="utf8") as db:
        if sys.argv[1] == "count":
            count(db, keys, sys.argv[3] if sys.argv[2:3] == ["--expect"] else None)
        else:
            snapshot(db, keys)


if __name__ == "__main__":
    main()
