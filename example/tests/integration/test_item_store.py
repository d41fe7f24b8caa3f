"""The store of items, whatever it keeps them in."""

import asyncio

import pytest

from orders.items import (
    Draft,
    Item,
    ItemNotFoundError,
    ItemStore,
    VersionConflictError,
)

DRAFT = Draft(name="Teapot", description="Brown, with a lid.", quantity=3)


async def test_item_comes_back_as_it_was(item_store: ItemStore) -> None:
    item = Item.new(DRAFT)

    await item_store.add(item)

    assert await item_store.get(item.id) == item


async def test_item_that_is_not_there(item_store: ItemStore) -> None:
    item_id = Item.new(DRAFT).id

    with pytest.raises(ItemNotFoundError):
        await item_store.get(item_id)
    with pytest.raises(ItemNotFoundError):
        await item_store.change(item_id, DRAFT, None)
    with pytest.raises(ItemNotFoundError):
        await item_store.delete(item_id)


async def test_list_goes_on_behind_a_position(item_store: ItemStore) -> None:
    items = [Item.new(DRAFT) for _ in range(3)]
    for item in items:
        await item_store.add(item)

    assert await item_store.list(2, items[0].position) == items[1:]
    assert await item_store.list(2, items[2].position) == []


async def test_of_two_changes_at_once_one_wins(item_store: ItemStore) -> None:
    item = Item.new(DRAFT)
    await item_store.add(item)

    results = await asyncio.gather(
        item_store.change(item.id, DRAFT, 1),
        item_store.change(item.id, DRAFT, 1),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["Item", "VersionConflictError"]
    assert (await item_store.get(item.id)).version == 2
    with pytest.raises(VersionConflictError):
        await item_store.change(item.id, DRAFT, 1)
