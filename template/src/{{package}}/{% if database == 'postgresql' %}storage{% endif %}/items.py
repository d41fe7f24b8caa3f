"""Items in PostgreSQL."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Result, delete, insert, select, tuple_, update

from ..items import Draft, Item, ItemNotFoundError, Position, VersionConflictError
from .engine import Database
from .outages import retried
from .tables import items


class PostgresItems:
    """The table of items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def add(self, item: Item) -> None:
        async with self._database.writing() as connection:
            await connection.execute(insert(items).values(asdict(item)))

    @retried
    async def get(self, item_id: UUID) -> Item:
        query = select(items).where(items.c.id == item_id)
        async with self._database.reading() as connection:
            return _only(await connection.execute(query), item_id)

    @retried
    async def list(self, limit: int, after: Position | None) -> list[Item]:
        query = select(items).order_by(items.c.created_at, items.c.id).limit(limit)
        if after is not None:
            position = tuple_(items.c.created_at, items.c.id)
            query = query.where(position > tuple_(after.created_at, after.id))
        async with self._database.reading() as connection:
            return [Item(**row) for row in (await connection.execute(query)).mappings()]

    @retried
    async def change(self, item_id: UUID, draft: Draft, expected_version: int | None) -> Item:
        # Locked from the read to the write, so that of two changes at once one sees the other.
        query = select(items).where(items.c.id == item_id).with_for_update()
        async with self._database.writing() as connection:
            item = _only(await connection.execute(query), item_id)
            if expected_version is not None and item.version != expected_version:
                raise VersionConflictError(item_id)
            changed = item.changed(draft)
            await connection.execute(
                update(items).where(items.c.id == item_id).values(asdict(changed))
            )
        return changed

    @retried
    async def delete(self, item_id: UUID) -> None:
        async with self._database.writing() as connection:
            result = await connection.execute(delete(items).where(items.c.id == item_id))
        if result.rowcount == 0:
            raise ItemNotFoundError(item_id)


def _only(result: Result[Any], item_id: UUID) -> Item:
    row = result.mappings().first()
    if row is None:
        raise ItemNotFoundError(item_id)
    return Item(**row)
