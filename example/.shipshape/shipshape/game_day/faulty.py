"""The service with handlers that misbehave: `python -m game_day.faulty PACKAGE` starts it.

It runs in the container of the service, with the packages of the service alone.
"""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
async def application(package: str, settings: Any) -> AsyncIterator[Any]:
    """The application of the service, with the handlers above."""
    # A container has no answers of Copier: whether there is a database, the code says.
    has_database = find_spec(f"{package}.storage.engine")
    kind = "things_in_database" if has_database else "things_in_memory"
    storage = import_module(f"{__package__}.{kind}")
    composition_root = import_module(f"{package}.app")
    async with (
        composition_root.application(settings) as served,
        storage.open_things(package, settings) as things,
    ):
        for handler in (fail, block, slow, hoard, things):
            served.app.get(f"/faulty/{handler.__name__}")(handler)
        yield served


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    [package] = sys.argv[1:]
    chassis = import_module(f"{package}.chassis")
    settings = chassis.read_settings(import_module(f"{package}.settings").Settings)
    chassis.run(settings, application(package, settings))


if __name__ == "__main__":
    main()
