"""The load that a service takes within its objective: more and more requests, until it does not.

Requests are sent at fixed times, whatever became of those before, as callers do who do not know of
each other. A latency counts from the time that its request was due.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from .checklist.reading import schema
from .errors import ShipshapeError
from .files import SCHEMA
from .progress import say

app = typer.Typer()

RATES = (10, 20, 50, 100, 200, 300, 400, 500, 600, 800, 1000, 1250, 1500, 2000, 2500, 3000)
MAX_FAILED = 0.001
MAX_LATE_SECONDS = 0.1
"""If this machine sends requests later than this, it is what is slow, and not the service."""
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Step:
    """What became of the requests at a rate."""

    rate: int
    seconds: Sequence[float]
    """How long each answered request took."""
    failed: int
    late_seconds: float
    """How late the latest request was sent."""

    @property
    def p99(self) -> float:
        """Seconds; endless if nothing was answered."""
        ordered = sorted(self.seconds)
        return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")

    def holds(self, within: float) -> bool:
        """Whether the service was good at this rate."""
        sent = len(self.seconds) + self.failed
        return self.failed <= sent * MAX_FAILED and self.p99 <= within


@app.command(rich_help_panel="Service")
def load_test(
    url: Annotated[str, typer.Argument(help="address of the service")] = "http://127.0.0.1:8000",
    path: Annotated[str, typer.Option(help="path to call; else the first that needs no id")] = "",
    within: Annotated[float, typer.Option(help="seconds that the 99th percentile may take")] = 0.5,
    seconds: Annotated[int, typer.Option(min=1, help="duration of each step")] = 10,
) -> None:
    """Raise the load until the service is slow or fails, and print a row for docs/capacity.md."""
    if not url.startswith(("http://", "https://")):
        raise ShipshapeError(f"{url} must start with http:// or https://")
    called = path or first_path(SCHEMA)
    best = None
    for step in steps(url, called, seconds):
        say(f"{step.rate} requests per second: p99 {step.p99 * 1000:.0f} ms, {step.failed} failed")
        if step.late_seconds > MAX_LATE_SECONDS:
            say("this machine sends no more: what the service takes beyond that is not known")
            break
        if not step.holds(within):
            break
        best = step
    if best is None:
        raise ShipshapeError(f"{url}{called} does not take {RATES[0]} requests per second")
    measured = f"`{operation(called, SCHEMA)}` | {best.rate} | {best.p99 * 1000:.0f} ms"
    print(f"| {date.today()} | {measured} | where |")


def first_path(file: Path) -> str:
    """The first operation that can be called without knowing more than its path."""
    for operation in schema.operations(file):
        method, _, path = operation.name.partition(" ")
        if method == "GET" and "{" not in path:
            return path
    raise ShipshapeError(f"{file} has no GET without parameters in its path: give one with --path")


def operation(path: str, file: Path) -> str:
    """The operation that answers at a path, as the schema names it; else GET of the path."""
    for it in schema.operations(file) if file.exists() else ():
        pattern = re.sub(r"\\{.*?\\}", "[^/]+", re.escape(it.name))
        if re.fullmatch(pattern, f"GET {path.partition('?')[0]}"):
            return it.name
    return f"GET {path}"


def steps(url: str, path: str, seconds: int) -> Iterator[Step]:
    """A step for each rate, for as long as they are asked for."""
    for rate in RATES:
        yield asyncio.run(_step(url, path, rate, seconds))


async def _step(url: str, path: str, rate: int, seconds: int) -> Step:
    answered: list[float] = []
    failed = 0
    latest = 0.0

    async def call(due: float) -> None:
        nonlocal failed
        try:
            response = await client.get(path)
        except httpx2.TransportError:
            failed += 1
            return
        if response.is_server_error:
            failed += 1
        else:
            answered.append(time.perf_counter() - due)

    limits = httpx2.Limits(max_connections=None)
    async with (
        httpx2.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, limits=limits) as client,
        asyncio.TaskGroup() as calls,
    ):
        started = time.perf_counter()
        for number in range(rate * seconds):
            due = started + number / rate
            await asyncio.sleep(max(0, due - time.perf_counter()))
            latest = max(latest, time.perf_counter() - due)
            calls.create_task(call(due))
    return Step(rate, answered, failed, latest)
