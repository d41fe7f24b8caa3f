"""A handler that works, and needs no database."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def open_things(
    package: str, settings: Any
) -> AsyncIterator[Callable[[], Coroutine[Any, Any, list[str]]]]:
    """Yield the handler."""

    async def things() -> list[str]:
        return []

    yield things
