"""Handlers whose work goes on after their response, in each form that FastAPI has for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.middleware.base import RequestResponseEndpoint

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/late")
mounted = FastAPI()


async def work(name: str, seconds: float) -> None:
    """Take some time, and log how it ended."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        log.info("work was cancelled", name=name)
        raise
    log.info("work is done", name=name)


def sync_work(name: str, seconds: float) -> None:
    """Do the same in a thread."""
    time.sleep(seconds)
    log.info("work is done", name=name)


async def transaction(name: str, seconds: float) -> AsyncIterator[None]:
    """Commit at the end, as a dependency with `yield` does."""
    yield
    await work(name, seconds)


def sync_transaction(name: str, seconds: float) -> Iterator[None]:
    """Do the same in a thread."""
    yield
    sync_work(name, seconds)


def _streamed(name: str, seconds: float, media_type: str) -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await asyncio.sleep(seconds)
        yield b"data: last\n\n"

    task = BackgroundTask(work, name, seconds)
    return StreamingResponse(body(), media_type=media_type, background=task)


@router.get("/dependency", dependencies=[Depends(transaction)])
async def dependency() -> str:
    return "answered"


@router.get("/sync_dependency", dependencies=[Depends(sync_transaction)])
def sync_dependency() -> str:
    return "answered"


@router.get("/background")
async def background(tasks: BackgroundTasks, name: str, seconds: float) -> str:
    tasks.add_task(work, name, seconds)
    return "answered"


@router.get("/sync_background")
def sync_background(tasks: BackgroundTasks, name: str, seconds: float) -> str:
    tasks.add_task(sync_work, name, seconds)
    return "answered"


@router.get("/stream")
async def stream(name: str, seconds: float) -> StreamingResponse:
    return _streamed(name, seconds, "text/plain")


@router.get("/events")
async def events(name: str, seconds: float) -> StreamingResponse:
    return _streamed(name, seconds, "text/event-stream")


@router.get("/failure")
async def failure(tasks: BackgroundTasks, name: str) -> str:
    def fail() -> None:
        raise ValueError(name)

    tasks.add_task(fail)
    return "answered"


@mounted.middleware("http")
async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Hand requests on, through Starlette's BaseHTTPMiddleware."""
    return await call_next(request)


mounted.include_router(router)
