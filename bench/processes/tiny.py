"""The tiny FastAPI application: served bare, through the chassis, and in the usual stack."""

from datetime import UTC, datetime

from fastapi import FastAPI  # type: ignore[import-not-found]  # the service's environment has it
from pydantic import BaseModel

CREATED = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Item(BaseModel):
    """Five fields, as small as an answer that is any use."""

    id: int
    name: str
    description: str | None
    quantity: int
    created_at: datetime


async def read_item(item_id: int) -> Item:  # noqa: ASYNC124  # without async it would cost a thread
    return Item(id=item_id, name="Teapot", description=None, quantity=3, created_at=CREATED)


# FastAPI's own telemetry is off for all: what is measured around it tells the same.
app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
app.add_api_route("/items/{item_id}", read_item)
