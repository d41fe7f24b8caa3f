"""The service with a few handlers more, which misbehave as real ones do sooner or later.

`python -m tests.chassis.faulty` starts it: the same settings, storage and chassis as the service.
Those of `/faulty/things` behave, so that the tests need no handler of the service's own.
"""

import asyncio
import gc
import logging
import threading
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from uuid import UUID

import structlog
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from opentelemetry import trace
from prometheus_client import Gauge
from pydantic import BaseModel

from orders import app
from orders.chassis import Application, read_settings, run
from orders.chassis.client import http_client
from orders.settings import Settings

from . import late
from .things import Things, open_things

log = structlog.get_logger(__name__)
cancelled: list[str] = []
many = Gauge("faulty_many", "A metric of which there are many.", ("number",))
hoarded: list[bytes] = []


async def fail(message: str) -> None:
    """Raise an unexpected exception."""
    raise ValueError(message)


async def block(seconds: float) -> None:
    """Block the event loop."""
    time.sleep(seconds)  # noqa: ASYNC251


async def hoard(megabytes: int) -> None:
    """Allocate memory."""
    hoarded.extend(b"x" * 2**20 for _ in range(megabytes))


async def slow(seconds: float) -> dict[str, float]:
    """Answer after a while; remember when cancelled instead."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        cancelled.append(f"{seconds}")
        raise
    return {"seconds": seconds}


async def show_cancelled() -> list[str]:
    """Which requests to `slow` were cancelled."""
    return cancelled


async def echo(request: Request) -> int:
    """Read the body; its length."""
    return len(await request.body())


async def hesitate(request: Request, seconds: float) -> int:
    """Read the body after a while; its length."""
    await asyncio.sleep(seconds)
    return len(await request.body())


async def stream(chunks: int, size: int) -> StreamingResponse:
    """Answer with a body in chunks."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(chunks):
            yield b"x" * size

    return StreamingResponse(body())


async def break_off() -> StreamingResponse:
    """Fail in the middle of an answer."""

    async def body() -> AsyncIterator[bytes]:
        yield b"the first half"
        raise ValueError("no second half")

    return StreamingResponse(body())


async def call(url: str, method: str = "GET", timeout: float = 10.0) -> int:  # noqa: ASYNC109
    """Ask another service; its status."""
    async with http_client(timeout=timeout) as client:
        return (await client.request(method, url)).status_code


async def tell(message: str) -> None:
    """Write lines of every kind into the log."""
    log.debug("debug line", message=message)
    log.info("info line", message=message)
    headers = {"Authorization": message, "accept": "*/*"}
    log.info("secrets", password=message, access_token=message, request={"headers": headers})
    logging.getLogger("library").info("more secrets", extra={"clientSecret": message})
    log.error("an address", address=f"postgresql://user:{message}@localhost/database")
    logging.getLogger("library").warning("library line: %s", message, extra={"extra": 1})
    warnings.warn("a warning", stacklevel=1)
    with trace.get_tracer(__name__).start_as_current_span("inner"):
        log.info("inside a span")
    thread = threading.Thread(target=lambda: 1 // 0, name="faulty-thread")
    thread.start()
    thread.join()

    async def fail_unnoticed() -> None:
        raise RuntimeError("nobody awaits this task")

    task = asyncio.create_task(fail_unnoticed())
    await asyncio.sleep(0)
    del task
    gc.collect()


async def chat(lines: int) -> None:
    """Write many lines into the log."""
    for number in range(lines):
        log.info("one of many", number=number)


async def measure(series: int) -> None:
    """Make many series of metrics."""
    for number in range(series):
        many.labels(number).set(number)


async def choke(request: Request) -> None:
    """Fail while a body is at hand."""
    document = await request.json()
    raise LookupError(f"one of {len(document)} fields is no good")


async def mislabel() -> None:
    """Log fields that have the names of those that every line has."""
    names = ("timestamp", "level", "logger", "service", "version", "commit")
    log.info("mislabelled", **dict.fromkeys(names, "forged"))
    logging.getLogger("library").info("mislabelled", extra=dict.fromkeys(names, "forged"))


async def garble() -> None:
    """Log what JSON cannot say, and a message that does not fit its arguments."""
    log.info("garbled", number=2**70, text="\ud800", keys={(1, 2): 3}, thing=object())
    logging.getLogger("library").warning("a number: %d", "none")


class Thing(BaseModel):
    """What a caller may say of a thing."""

    name: str


def things_of(request: Request) -> Things:
    """Where the things are kept."""
    things: Things = request.app.state.things
    return things


async def list_things(request: Request, limit: int = 10) -> list[Thing]:
    """At most so many of the things."""
    return [Thing(name=name) for name in await things_of(request).list(limit)]


async def add_thing(request: Request, response: Response, thing: Thing) -> Thing:
    """Keep a thing; the header `Location` says where it is."""
    response.headers["Location"] = f"/faulty/things/{await things_of(request).add(thing.name)}"
    return thing


async def read_thing(request: Request, thing_id: UUID) -> Thing:
    """A thing, or 404."""
    name = await things_of(request).get(thing_id)
    if name is None:
        raise HTTPException(404, "there is no such thing")
    return Thing(name=name)


async def rename_thing(request: Request, thing_id: UUID, thing: Thing) -> Thing:
    """Give a thing another name."""
    await things_of(request).rename(thing_id, thing.name)
    return thing


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """The service's own application, with the routes above."""
    async with app.application(settings) as served, open_things(settings) as things:
        api = cast("FastAPI", served.app)
        api.state.things = things
        readers = (show_cancelled, fail, block, stream, break_off, slow, call)
        writers = (tell, chat, hoard, measure, mislabel, garble)
        for handler in readers + writers:
            api.get(f"/faulty/{handler.__name__}")(handler)
        api.post("/faulty/echo")(echo)
        api.post("/faulty/hesitate")(hesitate)
        api.post("/faulty/choke")(choke)
        api.get("/faulty/things")(list_things)
        api.post("/faulty/things", status_code=201)(add_thing)
        api.get("/faulty/things/{thing_id}")(read_thing)
        api.put("/faulty/things/{thing_id}")(rename_thing)
        api.include_router(late.router)
        api.mount("/mounted", late.mounted)
        yield served


if __name__ == "__main__":
    faulty_settings = read_settings(Settings)
    run(faulty_settings, application(faulty_settings))
