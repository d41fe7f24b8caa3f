"""Where the service keeps what it knows: PostgreSQL, through SQLAlchemy Core on asyncpg."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..items import ItemStore
from .engine import Database
from .items import PostgresItems
from .settings import StorageSettings

__all__ = ["StorageSettings", "open_storage"]


@asynccontextmanager
async def open_storage(settings: StorageSettings) -> AsyncIterator[ItemStore]:
    """The store of items, over one pool of connections."""
    async with Database(settings) as database:
        yield PostgresItems(database)
