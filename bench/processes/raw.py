"""The answer of the tiny application without a framework: what the server itself can do."""

from collections.abc import Awaitable, Callable
from typing import Any

from .tiny import read_item

HEADERS = [(b"content-type", b"application/json")]


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    item = await read_item(int(scope["path"].removeprefix("/items/")))
    body: bytes = item.model_dump_json().encode()
    headers = [*HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
