"""A handler that reads a table of the drill's own."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

# In a schema of its own: a test compares the schema of the service with its migrations.
_CREATE = (
    "SELECT pg_advisory_xact_lock(1)",  # several instances may start at once
    "CREATE SCHEMA IF NOT EXISTS faulty",
    "CREATE TABLE IF NOT EXISTS faulty.things (id uuid PRIMARY KEY, name text NOT NULL)",
)
_LIST = "SELECT name FROM faulty.things LIMIT 10"


@asynccontextmanager
async def open_things(
    package: str, settings: Any
) -> AsyncIterator[Callable[[], Coroutine[Any, Any, list[str]]]]:
    """Create the table if the database is available; yield the handler."""
    text = import_module("sqlalchemy").text
    unavailable = import_module(f"{package}.chassis").UnavailableError
    engine = import_module(f"{package}.storage.engine")
    async with engine.Database(settings, "things") as database:
        with suppress(unavailable):
            async with database.writing() as connection:
                for statement in _CREATE:
                    await connection.execute(text(statement))

        async def things() -> list[str]:
            async with database.reading() as connection:
                return list(await connection.scalars(text(_LIST)))

        yield things
