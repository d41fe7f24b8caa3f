"""Where the service keeps what it knows: PostgreSQL, through SQLAlchemy Core on asyncpg."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..chassis import Check
from ..items import ItemStore
from .engine import Database
from .items import PostgresItems
from .settings import StorageSettings

__all__ = ["Storage", "StorageSettings", "open_storage"]


@dataclass(frozen=True)
class Storage:
    """What the service keeps, and the checks of what that stands on."""

    items: ItemStore
    checks: Mapping[str, Check]


@asynccontextmanager
async def open_storage(settings: StorageSettings) -> AsyncIterator[Storage]:
    """The storage, over one pool of connections."""
    async with Database(settings) as database:
        yield Storage(PostgresItems(database), {"database": database.check})
