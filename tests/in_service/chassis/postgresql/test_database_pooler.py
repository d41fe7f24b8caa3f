"""PgBouncer in transaction mode between the service and its database, where it is installed."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from orders.chassis import UnavailableError
from orders.storage.engine import Database

from ..service import PATIENCE_SECONDS, free_ports, running
from ..storage import alembic, new_database
from .databases import connector, run, settings, through
from .proxy import proxied

PGBOUNCER = shutil.which("pgbouncer")
SESSIONS = 2  # of the server, for many more clients

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")

CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
"""


@pytest.fixture(scope="module")
def pooled(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a new database, behind PgBouncer in transaction mode."""
    assert PGBOUNCER is not None
    [port] = free_ports(1)
    file = tmp_path_factory.mktemp("pgbouncer") / "pgbouncer.ini"
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with new_database(database_server) as url, proxied(connector(url)) as proxy:
        behind = make_url(through(proxy, url))
        server = f"host=127.0.0.1 port={proxy.port} user={behind.username}"
        if behind.password:
            server += f" password={behind.password}"
        file.write_text(CONFIGURATION.format(server=server, port=port, sessions=SESSIONS))
        with (
            file.open() as given,
            subprocess.Popen([PGBOUNCER, *as_user, "/dev/stdin"], stdin=given) as process,
        ):
            try:
                until = time.monotonic() + PATIENCE_SECONDS
                while not listens(port):
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.05)
                yield behind.set(port=port).render_as_string(hide_password=False)
            finally:
                process.terminate()


@pytest.fixture
async def database(pooled: str) -> AsyncIterator[Database]:
    many = settings(
        pooled, database_pooler="transaction", database_pool_size=16, database_statement_timeout=2
    )
    async with Database(many) as database:
        yield database


async def test_many_statements_share_few_sessions(database: Database) -> None:
    async def work(number: int) -> None:
        async with database.reading() as connection:
            for value in (number, str(number), number * 1.5):
                query = text(f"SELECT CAST(:value AS {sql_type(value)}) AS v{number % 7}")
                assert await connection.scalar(query, {"value": value}) == value
        async with database.writing() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM pg_class")) > 0
            assert await connection.scalar(text(f"SELECT {number}")) == number

    await asyncio.gather(*(work(number) for number in range(200)))
    assert len({await run(database, "SELECT pg_backend_pid()") for _ in range(20)}) <= SESSIONS


async def test_statement_that_writes_is_kept_without_a_transaction(database: Database) -> None:
    await run(database, "CREATE TABLE kept (id int)")
    async with database.reading() as connection:
        await connection.execute(text("INSERT INTO kept VALUES (1)"))
    assert await run(database, "SELECT count(*) FROM kept") == 1


async def test_pooler_that_nobody_told_of_is_named(pooled: str) -> None:
    async with Database(settings(pooled)) as database:
        with pytest.raises(UnavailableError, match="refuses the settings of a session"):
            await run(database, "SELECT 1")


async def test_slow_statement_is_ended(database: Database) -> None:
    with pytest.raises(UnavailableError, match="the database took too long"):
        await run(database, "SELECT pg_sleep(30)")
    running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await run(database, running + " AND state = 'active'"):
            await asyncio.sleep(0.1)


def test_migrations_and_service(pooled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOLER", "transaction")
    alembic(pooled, "upgrade", "head")

    with (
        running(DATABASE_URL=pooled, DATABASE_POOLER="transaction") as service,
        httpx2.Client(base_url=service.management) as client,
    ):
        for _ in range(20):
            assert client.get("/health").json()["checks"]["database"]["reachable"] is True
        assert service.terminate() == 0, service.text


def sql_type(value: object) -> str:
    return {int: "int", str: "text", float: "float8"}[type(value)]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
