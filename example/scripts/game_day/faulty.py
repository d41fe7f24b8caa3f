"""The service with handlers that misbehave: `python -m scripts.game_day.faulty` starts it."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from fastapi import FastAPI

from orders import app
from orders.chassis import Application, read_settings, run
from orders.settings import Settings

from .things import open_things

hoarded: list[bytes] = []


async def fail(message: str) -> None:
    """Raise an unexpected exception."""
    raise ValueError(message)


async def block(seconds: float) -> None:
    """Block the event loop."""
    time.sleep(seconds)  # noqa: ASYNC251


async def slow(seconds: float) -> float:
    """Respond after some seconds."""
    await asyncio.sleep(seconds)
    return seconds


async def hoard(megabytes: int) -> int:
    """Allocate memory until the process uses so many megabytes; how many it uses."""
    while (used := resident_megabytes()) < megabytes:
        hoarded.append(b"x" * 2**20)
    return used


def resident_megabytes() -> int:
    """The memory that the process uses."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """The application of the service, with the handlers above."""
    async with app.application(settings) as served, open_things(settings) as things:
        api = cast("FastAPI", served.app)
        for handler in (fail, block, slow, hoard, things):
            api.get(f"/faulty/{handler.__name__}")(handler)
        yield served


if __name__ == "__main__":
    faulty_settings = read_settings(Settings)
    run(faulty_settings, application(faulty_settings))
