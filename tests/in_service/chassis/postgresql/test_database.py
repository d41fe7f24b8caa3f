"""Connections to the database, and migrations that run at once."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from orders.chassis import UnavailableError, read_settings
from orders.storage import StorageSettings
from orders.storage.engine import Database

from ..service import free_ports, refused_start
from ..storage import alembic, new_database


def test_migrations_at_once_wait_for_each_other(database_server: str) -> None:
    with new_database(database_server) as url:
        migrations = [
            subprocess.Popen(
                [sys.executable, "-m", "alembic", "upgrade", "head"],
                env={**os.environ, "DATABASE_URL": url},
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        logs = [migration.communicate()[0].splitlines() for migration in migrations]

    assert [migration.returncode for migration in migrations] == [0, 0]
    events = [json.loads(line)["event"] for log in logs for line in log]
    upgrades = [event for event in events if event.startswith("Running upgrade")]
    assert len(upgrades) == alembic(url, "history").count(" -> ")  # each migration once


@pytest.fixture
async def database(storage_settings: dict[str, str]) -> AsyncIterator[Database]:
    """Connections to the database, for short statements."""
    settings = StorageSettings(
        database_url=storage_settings["DATABASE_URL"], database_statement_timeout=0.2
    )
    async with Database(settings) as database:
        yield database


async def ask(database: Database, statement: str) -> None:
    async with database.reading() as connection:
        await connection.execute(text(statement))


async def fail_in_a_transaction(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE half_done ()"))
        raise LookupError


async def test_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(LookupError):
        await fail_in_a_transaction(database)

    async with database.reading() as connection:
        assert await connection.scalar(text("SELECT to_regclass('half_done')")) is None


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT pg_sleep(5)", "the database took too long"),
        (
            "SELECT pg_terminate_backend(pg_backend_pid())",
            "the connection to the database was lost",
        ),
    ],
)
async def test_what_is_the_fault_of_the_database_is_said_to_be(
    database: Database, statement: str, reason: str
) -> None:
    with pytest.raises(UnavailableError, match=reason):
        await ask(database, statement)

    await database.check()  # by a connection that works


async def test_what_is_our_fault_is_not_said_to_be_of_the_database(database: Database) -> None:
    with pytest.raises(DBAPIError, match="division by zero"):
        await ask(database, "SELECT 1 / 0")


async def test_pooler_in_transaction_mode_is_asked_for_nothing_of_a_session(
    storage_settings: dict[str, str],
) -> None:
    settings = StorageSettings(
        database_url=storage_settings["DATABASE_URL"],
        database_pooler="transaction",
        database_pool_size=1,
    )
    async with Database(settings) as database:
        await ask(database, "SELECT 1")
        async with database.writing() as connection:
            prepared = await connection.scalars(text("SELECT name FROM pg_prepared_statements"))
            source = "SELECT source FROM pg_settings WHERE name = 'idle_session_timeout'"
            assert await connection.scalar(text(source)) != "client"
            assert list(prepared) == []


async def test_database_that_cannot_be_reached_is_unavailable() -> None:
    [nowhere] = free_ports(1)
    settings = StorageSettings(database_url=f"postgresql://app@127.0.0.1:{nowhere}/orders")
    async with Database(settings) as database:
        with pytest.raises(UnavailableError, match="the database cannot be reached"):
            await database.check()


def test_address_of_no_postgresql_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "hunter2"
    monkeypatch.setenv("DATABASE_URL", f"mysql://app:{canary}@localhost/orders")

    with pytest.raises(SystemExit):
        read_settings(StorageSettings)

    said = capsys.readouterr().err
    assert said.startswith("DATABASE_URL cannot be used: it must begin with postgresql://. ")
    assert canary not in said


def test_missing_address_stops_the_start() -> None:
    status, text = refused_start()

    assert status == 2
    assert text.startswith("DATABASE_URL is not set. It must be: ")
