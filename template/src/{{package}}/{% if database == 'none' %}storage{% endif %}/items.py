"""Items in memory, bounded, behind the same interface as any database."""

from itertools import islice
from uuid import UUID

from ..items import Draft, Item, ItemNotFoundError, Position, VersionConflictError


class MemoryItems:
    """The newest `capacity` items; a dictionary keeps them in the order of their creation."""

    def __init__(self, capacity: int) -> None:
        self._items: dict[UUID, Item] = {}
        self._capacity = capacity

    async def add(self, item: Item) -> None:
        self._items[item.id] = item
        if len(self._items) > self._capacity:
            del self._items[next(iter(self._items))]

    async def get(self, item_id: UUID) -> Item:
        try:
            return self._items[item_id]
        except KeyError:
            raise ItemNotFoundError(item_id) from None

    async def list(self, limit: int, after: Position | None) -> list[Item]:
        items = sorted(self._items.values(), key=lambda item: item.position)
        behind = (item for item in items if after is None or item.position > after)
        return list(islice(behind, limit))

    async def change(self, item_id: UUID, draft: Draft, expected_version: int | None) -> Item:
        item = await self.get(item_id)
        if expected_version is not None and item.version != expected_version:
            raise VersionConflictError(item_id)
        self._items[item_id] = item.changed(draft)
        return self._items[item_id]

    async def delete(self, item_id: UUID) -> None:
        await self.get(item_id)
        del self._items[item_id]
