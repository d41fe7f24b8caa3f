"""The handlers of /items."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response

from .. import items
from .errors import problems
from .models import Item, ItemDraft, ItemPage

router = APIRouter()

_ETAG = re.compile(r'"([0-9]{1,9})"')  # a version, which is an integer of 32 bits


@router.get("/items", operation_id="listItems", responses=problems(422, 503))
async def list_items(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> ItemPage:
    found = await _store(request).list(limit + 1, None if cursor is None else _position(cursor))
    page, more = found[:limit], found[limit:]
    return ItemPage(
        items=[_shown(item) for item in page],
        next_cursor=_cursor(page[-1].position) if more else None,
    )


@router.post(
    "/items", operation_id="createItem", status_code=201, responses=problems(400, 422, 503)
)
async def create_item(request: Request, response: Response, body: ItemDraft) -> Item:
    item = items.Item.new(_draft(body))
    await _store(request).add(item)
    # The path of this request, so that it has the prefixes of routers and proxies.
    response.headers["Location"] = f"{quote(request.scope['path'])}/{item.id}"
    return _answered(response, item)


@router.get("/items/{item_id}", operation_id="readItem", responses=problems(404, 422, 503))
async def read_item(request: Request, response: Response, item_id: UUID) -> Item:
    return _answered(response, await _store(request).get(item_id))


@router.put(
    "/items/{item_id}", operation_id="replaceItem", responses=problems(400, 404, 412, 422, 428, 503)
)
async def replace_item(
    request: Request,
    response: Response,
    item_id: UUID,
    body: ItemDraft,
    if_match: Annotated[str | None, Header()] = None,
) -> Item:
    item = await _store(request).change(item_id, _draft(body), _expected_version(if_match))
    return _answered(response, item)


@router.delete(
    "/items/{item_id}",
    operation_id="deleteItem",
    status_code=204,
    responses=problems(404, 422, 503),
)
async def delete_item(request: Request, item_id: UUID) -> None:
    await _store(request).delete(item_id)


def _store(request: Request) -> items.ItemStore:
    store: items.ItemStore = request.app.state.items
    return store


def _draft(body: ItemDraft) -> items.Draft:
    return items.Draft(name=body.name, description=body.description, quantity=body.quantity)


def _shown(item: items.Item) -> Item:
    return Item(
        id=item.id,
        name=item.name,
        description=item.description,
        quantity=item.quantity,
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def _answered(response: Response, item: items.Item) -> Item:
    response.headers["ETag"] = f'"{item.version}"'
    return _shown(item)


def _expected_version(if_match: str | None) -> int | None:
    """The version that an If-Match header asks for (RFC 9110, 13.1.1); None for `*`, any version.

    Without the header nobody would notice that a change overwrites another: 428, RFC 6585.
    """
    if if_match is None:
        raise HTTPException(428, "send If-Match with the ETag of the item as you read it")
    if if_match == "*":
        return None
    version = _ETAG.fullmatch(if_match)
    if version is None:
        raise HTTPException(412, f"no version of the item has the ETag {if_match[:100]}")
    return int(version[1])


def _cursor(position: items.Position) -> str:
    """A position as callers see it: opaque, so that the order may change without a break."""
    return urlsafe_b64encode(f"{position.created_at.isoformat()} {position.id}".encode()).decode()


def _position(cursor: str) -> items.Position:
    try:
        created_at, item_id = urlsafe_b64decode(cursor.encode()).decode().split(" ")
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo != UTC:  # as `_cursor` writes it; another may not even be comparable
            raise ValueError
        return items.Position(moment, UUID(item_id))
    except ValueError:
        raise HTTPException(422, "the cursor is none that this list gave out") from None
