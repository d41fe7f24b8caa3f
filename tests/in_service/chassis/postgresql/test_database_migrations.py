"""Migrations beside requests, beside each other, and as SQL."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy import Connection, text

from orders.storage import migrating
from orders.storage.engine import Database
from orders.storage.migrating import migrate

from ..service import free_ports
from ..storage import alembic, new_database
from .databases import run, settings


@pytest.fixture
def address(database_server: str) -> Iterator[str]:
    """A database of a test's own."""
    with new_database(database_server) as url:
        yield url


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    """Its connections."""
    async with Database(settings(address)) as database:
        yield database


def run_alembic(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_long_reader_delays_the_migration_and_no_request(
    database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_LOCK_TIMEOUT", "300ms")
    monkeypatch.setattr(migrating, "_LONGEST_PAUSE", 1.0)
    await run(database, "CREATE TABLE busy AS SELECT 1 AS id")

    def add_column(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE busy ADD COLUMN name text"))

    async with database.writing() as reader:
        await reader.execute(text("SELECT * FROM busy"))
        migration = asyncio.create_task(migrate(settings(address), add_column))
        slowest, until = 0.0, time.monotonic() + 2.5
        while time.monotonic() < until:
            started = time.monotonic()
            await run(database, "SELECT count(*) FROM busy")
            slowest = max(slowest, time.monotonic() - started)
            await asyncio.sleep(0.01)
        assert not migration.done()

    await migration
    assert await run(database, "SELECT name FROM busy") is None
    assert 0.2 < slowest < 1.5  # it did wait for the migration, and for no longer than that may


async def test_index_waits_for_a_long_reader_and_is_valid(
    database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_LOCK_TIMEOUT", "200ms")
    await run(database, "CREATE TABLE busy AS SELECT 1 AS id")

    def index_concurrently(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        connection.commit()
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.execute(text("CREATE INDEX CONCURRENTLY busy_id ON busy (id)"))

    async with database.writing() as reader:
        await reader.execute(text("INSERT INTO busy VALUES (2)"))
        migration = asyncio.create_task(migrate(settings(address), index_concurrently))
        await asyncio.sleep(1.0)
        assert not migration.done()

    await migration
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_id'::regclass"
    assert await run(database, valid) is True


async def test_two_at_once_never_meet_whatever_they_do_to_their_transaction(
    database: Database, address: str
) -> None:
    await run(database, "CREATE TABLE busy AS SELECT 1 AS id")
    inside: list[int] = []

    def index_concurrently(connection: Connection) -> None:
        inside.append(1)
        connection.commit()
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.execute(text(f"CREATE INDEX CONCURRENTLY busy_{len(inside)} ON busy (id)"))
        autocommit.execute(text("SELECT pg_sleep(0.2)"))
        inside.append(-1)

    async with asyncio.timeout(20):
        await asyncio.gather(*(migrate(settings(address), index_concurrently) for _ in range(3)))

    assert inside == 3 * [1, -1]
    assert await run(database, "SELECT count(*) FROM pg_indexes WHERE tablename = 'busy'") == 3


async def test_other_fault_of_a_migration_is_not_tried_again(address: str) -> None:
    calls: list[None] = []

    def fail(connection: Connection) -> None:
        calls.append(None)
        raise LookupError

    with pytest.raises(LookupError):
        await migrate(settings(address), fail)
    assert len(calls) == 1


async def test_printed_sql_is_sql_and_does_the_same(address: str) -> None:
    printed = run_alembic("upgrade", "head", "--sql", DATABASE_URL="")
    assert printed.returncode == 0, printed.stderr

    connection = await asyncpg.connect(address)
    await connection.execute(printed.stdout)
    await connection.close()

    assert "No new upgrade operations" in await asyncio.to_thread(alembic, address, "check")


async def test_migration_that_does_not_end_is_not_waited_for_without_end(
    database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_PATIENCE_SECONDS", 1.0)
    async with database.writing() as other:
        await other.execute(text(migrating._IS_ALONE))
        with pytest.raises(SystemExit):
            await migrate(settings(address), lambda connection: None)


def test_database_that_cannot_be_reached_is_said_in_a_line() -> None:
    [nowhere] = free_ports(1)
    done = run_alembic("upgrade", "head", DATABASE_URL=f"postgresql://app@127.0.0.1:{nowhere}/o")

    assert done.returncode == 1
    line = json.loads(done.stdout)
    assert (line["event"], line["reason"]) == ("cannot migrate", "the database cannot be reached")
    assert "Traceback" not in done.stderr
