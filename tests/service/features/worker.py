"""A worker beside the API: it takes work from a queue until the service stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from price_list.chassis import Application, Worker, read_settings, run
from price_list.settings import Settings

log = structlog.get_logger(__name__)
queue: asyncio.Queue[str] = asyncio.Queue()


async def work(stopping: asyncio.Event) -> None:
    while not (stopping.is_set() and queue.empty()):
        try:
            job = await asyncio.wait_for(queue.get(), 0.1)
        except TimeoutError:
            continue
        log.info("job is done", job=job)


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    api = FastAPI()

    @api.post("/jobs/{job}", status_code=202)
    async def add(job: str) -> None:
        await queue.put(job)

    yield Application(api, workers=[Worker("jobs", work, stop_seconds=5)])


run(read_settings(Settings), application())
