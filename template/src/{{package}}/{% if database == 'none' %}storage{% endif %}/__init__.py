"""Where the service keeps what it knows: in memory, for as long as the process lives."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ..chassis import Check
from ..items import ItemStore
from .items import MemoryItems
from .settings import StorageSettings

__all__ = ["Storage", "StorageSettings", "open_storage"]


@dataclass(frozen=True)
class Storage:
    """What the service keeps, and the checks of what that stands on: of nothing."""

    items: ItemStore
    checks: Mapping[str, Check] = field(default_factory=dict)


@asynccontextmanager
async def open_storage(settings: StorageSettings) -> AsyncIterator[Storage]:
    """The storage, empty at each start."""
    yield Storage(MemoryItems(settings.memory_items))
