"""Create a database on the server of DATABASE_URL, print its address, and drop it once stdin ends.

It runs in the environment of the service, with whichever driver that has.
"""

import asyncio
import os
import re
import sys
from importlib.util import find_spec
from urllib.parse import urlsplit
from uuid import uuid4


def execute(address: str, statement: str) -> None:
    """Run a statement outside of a transaction."""
    if find_spec("asyncpg"):
        asyncio.run(_by_asyncpg(address, statement))
        return
    for name in ("psycopg", "psycopg2"):
        if find_spec(name):
            connection = __import__(name).connect(address)
            connection.autocommit = True
            connection.cursor().execute(statement)
            connection.close()
            return
    sys.exit("none of asyncpg, psycopg and psycopg2 is installed")


async def _by_asyncpg(address: str, statement: str) -> None:
    connection = await __import__("asyncpg").connect(address)
    await connection.execute(statement)
    await connection.close()


def main() -> None:
    """The address keeps its scheme, such as postgresql+asyncpg."""
    address = os.environ["DATABASE_URL"]
    server = re.sub(r"^(postgres\w*)\+\w+:", r"\1:", address)
    name = f"checklist_{uuid4().hex}"
    execute(server, f"CREATE DATABASE {name}")
    try:
        before, _, after = address.partition(urlsplit(address).netloc + urlsplit(address).path)
        print(f"{before}{urlsplit(address).netloc}/{name}{after}", flush=True)
        sys.stdin.read()
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
