"""What the faulty service keeps beside what is the service's own: things, which have a name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from orders.storage import StorageSettings


class Things:
    """The things, in memory."""

    def __init__(self) -> None:
        self._names: dict[UUID, str] = {}

    async def add(self, name: str) -> UUID:
        thing_id = uuid4()
        self._names[thing_id] = name
        return thing_id

    async def get(self, thing_id: UUID) -> str | None:
        return self._names.get(thing_id)

    async def list(self, limit: int) -> list[str]:
        return list(self._names.values())[:limit]

    async def rename(self, thing_id: UUID, name: str) -> None:
        self._names[thing_id] = name


@asynccontextmanager
async def open_things(settings: StorageSettings) -> AsyncIterator[Things]:
    """No things at each start."""
    yield Things()
