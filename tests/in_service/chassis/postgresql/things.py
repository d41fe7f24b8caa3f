"""What the faulty service keeps beside what is the service's own: things, which have a name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from sqlalchemy import text

from orders.chassis import UnavailableError
from orders.storage import StorageSettings
from orders.storage.engine import Database

# In a schema of its own, for migrations are compared with the tables of the service's.
_CREATE = (
    "SELECT pg_advisory_xact_lock(1)",  # services may start at once
    "CREATE SCHEMA IF NOT EXISTS faulty",
    "CREATE TABLE IF NOT EXISTS faulty.things (id uuid PRIMARY KEY, name text NOT NULL)",
)
_ADD = text("INSERT INTO faulty.things (id, name) VALUES (:id, :name)")
_GET = text("SELECT name FROM faulty.things WHERE id = :id")
_LIST = text("SELECT name FROM faulty.things LIMIT :limit")
_RENAME = text("UPDATE faulty.things SET name = :name WHERE id = :id")


class Things:
    """The things, in a table of the same database, over a pool of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str) -> UUID:
        thing_id = uuid4()
        async with self._database.writing() as connection:
            await connection.execute(_ADD, {"id": thing_id, "name": name})
        return thing_id

    async def get(self, thing_id: UUID) -> str | None:
        async with self._database.reading() as connection:
            name: str | None = await connection.scalar(_GET, {"id": thing_id})
            return name

    async def list(self, limit: int) -> list[str]:
        async with self._database.reading() as connection:
            return list(await connection.scalars(_LIST, {"limit": limit}))

    async def rename(self, thing_id: UUID, name: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(_RENAME, {"id": thing_id, "name": name})


@asynccontextmanager
async def open_things(settings: StorageSettings) -> AsyncIterator[Things]:
    """The things; their table is made at the first start that reaches the database."""
    async with Database(settings, "things") as database:
        with suppress(UnavailableError):  # what some tests are about
            async with database.writing() as connection:
                for statement in _CREATE:
                    await connection.execute(text(statement))
        yield Things(database)
