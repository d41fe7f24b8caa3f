"""Where the service keeps what it knows: in memory, for as long as the process lives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..items import ItemStore
from .items import MemoryItems
from .settings import StorageSettings

__all__ = ["StorageSettings", "open_storage"]


@asynccontextmanager
async def open_storage(settings: StorageSettings) -> AsyncIterator[ItemStore]:
    """The store of items, empty at each start."""
    yield MemoryItems(settings.memory_items)
