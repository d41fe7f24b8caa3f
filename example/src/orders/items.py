"""The example's domain: what an item is and what may be done to it. No web, no SQL."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, Self
from uuid import UUID, uuid4


class ItemNotFoundError(Exception):
    """No item has this id."""

    def __init__(self, item_id: UUID) -> None:
        super().__init__(f"no item has the id {item_id}")


class VersionConflictError(Exception):
    """The item was changed since the caller read it."""

    def __init__(self, item_id: UUID) -> None:
        super().__init__(f"item {item_id} was changed meanwhile: read it again, then repeat")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller may say of an item."""

    name: str
    description: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Item:
    """A thing that can be ordered. `version` is 1 when created and grows by one a change."""

    id: UUID
    name: str
    description: str | None
    quantity: int
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def new(cls, draft: Draft) -> Self:
        now = datetime.now(UTC)
        return cls(uuid4(), draft.name, draft.description, draft.quantity, 1, now, now)

    def changed(self, draft: Draft) -> Self:
        return replace(
            self,
            name=draft.name,
            description=draft.description,
            quantity=draft.quantity,
            version=self.version + 1,
            updated_at=datetime.now(UTC),
        )

    @property
    def position(self) -> "Position":
        return Position(self.created_at, self.id)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an item stands in the list: by time of creation, then by id."""

    created_at: datetime
    id: UUID


class ItemStore(Protocol):
    """Where items are kept. An `expected_version` of None means whichever is there."""

    async def add(self, item: Item) -> None: ...

    async def get(self, item_id: UUID) -> Item:
        """The item; ItemNotFoundError without one."""

    async def list(self, limit: int, after: Position | None) -> list[Item]:
        """At most `limit` items in order of their position, those behind `after` only."""

    async def change(self, item_id: UUID, draft: Draft, expected_version: int | None) -> Item:
        """The item as changed; ItemNotFoundError, or VersionConflictError at another version."""

    async def delete(self, item_id: UUID) -> None:
        """ItemNotFoundError without one."""
