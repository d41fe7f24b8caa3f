"""The service extended as teams do it: prefixes, mounts, WebSockets, workers, a lifespan.

`python -m tests.chassis.extended` starts it. WORKER says how its worker behaves.
"""

import asyncio
import math
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from orders.chassis import (
    Application,
    Call,
    Worker,
    limits,
    read_settings,
    run,
)
from orders.chassis.asgi import Receive, Scope, Send
from orders.settings import Settings

log = structlog.get_logger(__name__)
inner = APIRouter(prefix="/parts/{part}")
router = APIRouter()


def call_of(request: Request) -> Call:
    """The chassis' record of the request."""
    call: Call = request.scope["chassis"]
    return call


@inner.get("/screws/{screw}")
async def screw(part: str, screw: int) -> str:
    return f"{part} {screw}"


@router.get("/bound")
async def bound() -> None:
    structlog.contextvars.bind_contextvars(user="ann")


@router.get("/named")
async def named(request: Request) -> None:
    call = call_of(request)
    call.name, call.error, call.fields["tenant"] = "query Things", "resolver", "blue"


@router.post("/large")
@limits(body_bytes=2_000_000)
async def large(request: Request) -> int:
    return len(await request.body())


@router.get("/quick")
@limits(seconds=0.2)
async def quick(seconds: float) -> None:
    await asyncio.sleep(seconds)


@router.get("/patient")
@limits(seconds=math.inf)
async def patient(seconds: float) -> None:
    await asyncio.sleep(seconds)


@router.get("/events")
async def events() -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        for number in range(10_000):
            yield b"data: %d\n\n" % number
            await asyncio.sleep(0.1)

    return StreamingResponse(body(), media_type="text/event-stream")


@router.get("/hang")
def hang() -> None:
    """Hold a thread for longer than any stop lasts."""
    time.sleep(600)


@router.get("/block")
async def block() -> None:
    """Hold the event loop for as long."""
    time.sleep(600)  # noqa: ASYNC251


@router.get("/fork")
def fork() -> int | None:
    """Log from a forked child, and end it by a signal."""

    def child() -> None:
        log.info("from the child")
        os.kill(os.getpid(), 15)
        time.sleep(20)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(10)
    return process.exitcode


@router.get("/address")
async def address(request: Request) -> dict[str, Any]:
    return {"url": str(request.url_for("bound")), "path": request.scope["path"]}


@router.websocket("/echo/{name}")
async def echo(socket: WebSocket, name: str) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        if text == "fail":
            raise ValueError(text)
        await socket.send_text(f"{name} {text}")


def mounted() -> FastAPI:
    """An application of its own, with the same routes."""
    api = FastAPI()
    api.include_router(router)
    return api


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that leaves out what ASGI lets it leave out."""
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})


def with_team(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
    """A processor of the log: another field in each line."""
    event["team"] = "blue"
    event["api_key"] = method
    return event


@asynccontextmanager
async def lifespan(api: FastAPI) -> AsyncIterator[None]:
    log.info("lifespan begins")
    if os.environ.get("LIFESPAN") == "fails":
        raise LookupError("no licence")
    yield
    log.info("lifespan ends")


async def work(stopping: asyncio.Event) -> None:
    """What WORKER says: `waits` for the stop, `dies`, `returns` or is `deaf` to it."""
    manner = os.environ.get("WORKER", "waits")
    log.info("worker begins")
    if manner == "deaf":
        await asyncio.sleep(600)
    if manner == "waits":
        await stopping.wait()
        log.info("worker was told")
        await asyncio.sleep(0.2)
    else:
        await asyncio.sleep(0.2)
        if manner == "dies":
            raise LookupError("no more work")
    log.info("worker ends")


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """A service without storage."""
    if seconds := float(os.environ.get("SLOW_START", 0)):
        log.warning("opening")
        await asyncio.sleep(seconds)
    api = FastAPI(lifespan=lifespan, telemetry={"tracing": False, "metrics": False, "logs": False})
    router_of_version = APIRouter(prefix="/v1")
    router_of_version.include_router(inner)
    api.include_router(router_of_version)
    api.include_router(router)
    api.include_router(inner, prefix="/v2")
    api.mount("/sub", mounted())
    api.mount("/raw", raw)
    api.mount("/tenants/{tenant}", mounted())
    if os.environ.get("ON_FAILURE") == "not ready":
        worker = Worker("counter", work, 1.0, on_failure="not ready")
    else:
        worker = Worker("counter", work, 1.0)
    yield Application(api, workers=[worker])


if __name__ == "__main__":
    extended_settings = read_settings(Settings)
    run(extended_settings, application(extended_settings), log_processors=[with_team])
