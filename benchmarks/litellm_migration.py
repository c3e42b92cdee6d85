"""litellm_migration.py DRIVER=URL... <KEYS   times LiteLLM's own migration to a new key: one JSON object a line

The function is the one that LiteLLM calls at its start (LITELLM_MIGRATE_FROM_MASTER_KEY): it counts, re-encrypts and counts
again. DRIVER is prisma, LiteLLM's own database client, or psycopg, which shows what the function costs on a fast driver.
"""
import asyncio
import json
import resource
import sys
import time

import psycopg
from litellm.proxy.db.master_key_migration import Migrated, migrate_from_previous_master_key
from prisma import Prisma
from psycopg.rows import dict_row


class Psycopg:
    """What the function asks of a database client."""

    async def __aenter__(self):
        self.connection.cursor_factory = psycopg.AsyncRawCursor   # which knows $1
        return self

    async def __aexit__(self, *_):
        await self.connection.close()

    @classmethod
    async def connected(cls, url):
        client = cls()
        client.connection = await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row)
        return client

    async def query_raw(self, sql, *values):
        cursor = await self.connection.execute(sql, values or None)
        return await cursor.fetchall()

    async def execute_raw(self, sql, *values):
        return (await self.connection.execute(sql, values or None)).rowcount


class PrismaClient:
    @classmethod
    async def connected(cls, url):
        client = cls()
        client.prisma = Prisma(datasource={"url": url})
        await client.prisma.connect()
        return client

    async def __aenter__(self):
        return self.prisma

    async def __aexit__(self, *_):
        await self.prisma.disconnect()


async def main():
    keys = json.load(sys.stdin)
    for argument in sys.argv[1:]:
        driver, url = argument.split("=", 1)
        async with await {"prisma": PrismaClient, "psycopg": Psycopg}[driver].connected(url) as database:
            begin = time.monotonic()
            outcome = await migrate_from_previous_master_key(
                previous_master_key=keys["salt"], master_key=keys["new_salt"], salt_key_is_set=False, database=database,
                log=lambda text: None)
            seconds = time.monotonic() - begin
        if not isinstance(outcome, Migrated) or outcome.remaining:
            sys.exit(f"{driver}: {outcome}")
        print(json.dumps({"what": driver, "seconds": round(seconds, 3), "values": outcome.migrated,
                          "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
