"""What callers, logs and metrics get where a database does not do its work, over real servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from orders.chassis import UnavailableError
from orders.storage.engine import Database
from orders.storage.outages import (
    DatabaseUnavailableError,
    Outages,
    retried,
)

from ..storage import new_database
from .databases import run, settings


@pytest.fixture
def address(database_server: str) -> Iterator[str]:
    """A database of a test's own."""
    with new_database(database_server) as url:
        yield url


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    async with Database(settings(address, database_pool_size=2)) as database:
        yield database


def raising(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '{code}'; END $$"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("08006", "the connection to the database was lost"),
        ("25006", "the database is read-only"),
        ("25P03", "the database ended an idle transaction"),
        ("25P04", "the database took too long"),
        ("40001", "another transaction was in the way"),
        ("40P01", "another transaction was in the way"),
        ("53100", "the database has no space left"),
        ("53200", "the database has no resources left"),
        ("53300", "the database has too many connections"),
        ("53400", "the database has no resources left"),
        ("55P03", "another transaction holds a lock"),
        ("57014", "the database took too long"),
        ("57P01", "the connection to the database was lost"),
        ("58030", "the database has a fault of its system"),
    ],
)
async def test_outage_has_its_cause_and_the_next_statement_works(
    database: Database, code: str, cause: str
) -> None:
    counted = {"db_client_connection_pool_name": "database", "cause": cause}
    before = REGISTRY.get_sample_value("db_client_outages_total", counted) or 0.0

    with pytest.raises(UnavailableError) as caught:
        await run(database, raising(code))

    assert str(caught.value) == cause
    assert REGISTRY.get_sample_value("db_client_outages_total", counted) == before + 1
    assert await run(database, "SELECT 1") == 1


@pytest.mark.parametrize("code", ["22012", "23505", "28000", "42P01", "42501", "55000", "XX000"])
async def test_fault_of_ours_is_none_of_the_database(database: Database, code: str) -> None:
    with pytest.raises(DBAPIError):
        await run(database, raising(code))


@pytest.mark.parametrize("error", [OSError("no such file"), TimeoutError(), LookupError()])
async def test_error_of_the_code_in_between_is_its_own(
    database: Database, error: Exception
) -> None:
    async def work() -> None:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))
            raise error

    with pytest.raises(type(error)) as caught:
        await work()
    assert caught.value is error


@pytest.mark.parametrize(
    ("change", "undo", "cause"),
    [
        ("ALTER ROLE {role} NOLOGIN", "", "the database refuses the login"),
        ("ALTER ROLE {role} CONNECTION LIMIT 0", "", "the database has too many connections"),
        ("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC", "", "the database refuses the login"),
        (
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            "ALTER DATABASE {name} ALLOW_CONNECTIONS true",
            "the database takes no connections",
        ),
        (
            "ALTER DATABASE {name} RENAME TO {name}_moved",
            "ALTER DATABASE {name}_moved RENAME TO {name}",
            "the database does not exist",
        ),
    ],
)
async def test_login_that_fails_has_its_cause(
    database_server: str, address: str, change: str, undo: str, cause: str
) -> None:
    url = make_url(address)
    names = {"name": url.database, "role": f"role_{url.database}"}
    async with Database(settings(database_server)) as server:

        async def alter(statement: str) -> None:
            async with server.reading() as connection:
                await connection.execute(text(statement.format(**names)))

        await alter("CREATE ROLE {role} LOGIN")
        try:
            await alter(change)
            theirs = url.set(username=names["role"]).render_as_string(hide_password=False)
            async with Database(settings(theirs)) as database:
                with pytest.raises(UnavailableError) as caught:
                    await run(database, "SELECT 1")
                assert str(caught.value) == cause
                with pytest.raises(UnavailableError, match=f"{cause}: "):  # and what to do
                    await database.check()
        finally:
            if undo:
                await alter(undo)
            await alter("DROP ROLE {role}")


async def test_state_of_the_database_is_logged_when_it_changes(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outages, "quiet_seconds", 0.0)
    full = settings(address, database_pool_size=1)
    with structlog.testing.capture_logs() as log:
        async with Database(full, "ledger") as database:
            for code in ("53100", "53200", "53100", "40001", "40001"):
                with pytest.raises(UnavailableError):
                    await run(database, raising(code))
            async with database.reading() as connection:  # which a full disk does not keep from it
                await connection.execute(text("SELECT 1"))
            with pytest.raises(UnavailableError, match="no space left: give its disk more space"):
                await database.check()
            for _ in range(2):
                await run(database, "SELECT 1")
            await database.check()

    told = [(line["log_level"], line["event"]) for line in log]
    assert told == [
        ("error", "the database has no space left"),
        ("error", "the database has no resources left"),
        ("warning", "another transaction was in the way"),
        ("info", "the database is available again"),
    ]
    assert {line["database"] for line in log} == {"ledger"}
    assert log[0]["remedy"]


@pytest.mark.parametrize("statement", ["SELECT 1", "COMMIT"])
async def test_connection_that_dies_between_two_statements(
    database: Database, database_server: str, statement: str
) -> None:
    async def work() -> None:
        async with database.writing() as connection, Database(settings(database_server)) as other:
            process = await connection.scalar(text("SELECT pg_backend_pid()"))
            await run(other, f"SELECT pg_terminate_backend({process})")
            await asyncio.sleep(0.2)  # the news has to arrive
            if statement != "COMMIT":
                await connection.execute(text(statement))

    with pytest.raises(UnavailableError, match="the connection to the database was lost"):
        await work()
    assert await run(database, "SELECT 1") == 1


async def test_transaction_that_is_idle_for_too_long(database: Database) -> None:
    async def work() -> None:
        async with database.writing() as connection:
            limit = "SET LOCAL idle_in_transaction_session_timeout = '50ms'"
            await connection.execute(text(limit))
            await asyncio.sleep(0.3)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(UnavailableError, match="ended an idle transaction|was lost"):
        await work()


async def test_work_that_was_undone_is_done_again(database: Database) -> None:
    await run(database, "CREATE SEQUENCE attempts")  # which no rollback takes back

    @retried
    async def work(failures: int) -> int:
        attempt = int(await run(database, "SELECT nextval('attempts')"))
        if attempt <= failures:
            await run(database, raising("40001"))
        return attempt

    assert await work(2) == 3
    with pytest.raises(DatabaseUnavailableError, match="in the way"):
        await work(100)
    assert await run(database, "SELECT nextval('attempts')") == 7


async def test_two_that_wait_for_each_other_both_succeed(database: Database) -> None:
    await run(database, "CREATE TABLE pair AS SELECT 1 AS id UNION SELECT 2")
    met = asyncio.Barrier(2)

    def change(first: int, second: int) -> Callable[[], Any]:
        attempts = iter([met.wait])

        @retried
        async def both() -> None:
            async with database.writing() as connection:
                await connection.execute(text(f"UPDATE pair SET id = id WHERE id = {first}"))
                for wait in attempts:
                    await wait()
                await connection.execute(text(f"UPDATE pair SET id = id WHERE id = {second}"))

        return both

    await asyncio.gather(change(1, 2)(), change(2, 1)())


async def test_statement_whose_plan_no_longer_fits_is_repeated(database: Database) -> None:
    await run(database, "CREATE TABLE changing AS SELECT 1::int AS value")

    @retried
    async def read() -> Any:
        async with database.reading() as connection:
            return await connection.scalar(text("SELECT value FROM changing"))

    assert await read() == 1
    await run(database, "ALTER TABLE changing ALTER value TYPE text")
    assert await read() == "1"


async def test_two_databases_are_told_apart(address: str, database_server: str) -> None:
    def pool(name: str, state: str) -> float | None:
        labels = {"db_client_connection_pool_name": name, "db_client_connection_state": state}
        return REGISTRY.get_sample_value("db_client_connection_count", labels)

    async with (
        Database(settings(address)) as first,
        Database(settings(database_server), "replica") as second,
        second.reading() as connection,
    ):
        await connection.execute(text("SELECT 1"))
        await run(first, "SELECT 1")
        assert (pool("database", "used"), pool("replica", "used")) == (0, 1)
