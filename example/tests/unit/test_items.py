"""The rules of items."""

from orders.items import Draft, Item

DRAFT = Draft(name="Teapot", description=None, quantity=3)


def test_new_item_starts_at_version_one() -> None:
    item = Item.new(DRAFT)

    assert (item.name, item.description, item.quantity) == ("Teapot", None, 3)
    assert item.version == 1
    assert item.created_at == item.updated_at
    assert item.created_at.utcoffset() is not None


def test_new_items_have_ids_of_their_own() -> None:
    assert Item.new(DRAFT).id != Item.new(DRAFT).id


def test_changed_item_keeps_its_id_and_counts_its_versions() -> None:
    item = Item.new(DRAFT)

    changed = item.changed(Draft(name="Teapot, blue", description="As new.", quantity=2))

    assert (changed.id, changed.created_at) == (item.id, item.created_at)
    assert (changed.name, changed.description, changed.quantity) == ("Teapot, blue", "As new.", 2)
    assert changed.version == 2
    assert changed.updated_at >= item.updated_at
