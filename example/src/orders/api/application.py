"""The FastAPI application: its routes, its errors, and the schema it was written from."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from ..items import ItemStore
from .errors import add_error_handlers
from .items import router as items_router

SCHEMA = Path(__file__).parents[3] / "schema" / "openapi.yaml"


def create_api(items: ItemStore) -> FastAPI:
    """The API over a store of items; `/docs` shows it, `/openapi.json` is its schema."""
    api = FastAPIOffline(
        redoc_url=None,
        title=__name__.partition(".")[0],
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the chassis tells it
    )
    api.openapi = schema  # type: ignore[method-assign]  # FastAPI's documented way
    api.state.items = items
    # One router a file, included once and without a prefix: deeper trees cost every request.
    api.include_router(items_router)
    # -- yours below --
    add_error_handlers(api)
    # Last, so that a route of your own for `/` wins. It is no operation of the schema.
    api.get("/", include_in_schema=False, status_code=307)(to_docs)
    return api


async def to_docs(request: Request) -> RedirectResponse:
    """Redirect to the docs; relative for proxies that strip a prefix without announcing it."""
    root = request.scope.get("root_path")
    return RedirectResponse(f"{root}/docs" if root else "docs")


@cache
def schema() -> dict[str, Any]:
    """The schema that people reviewed, and not one derived from the handlers."""
    import yaml  # here, for a start that is never asked for its schema

    document: dict[str, Any] = yaml.load(SCHEMA.read_bytes(), Loader=yaml.CSafeLoader)
    return document
