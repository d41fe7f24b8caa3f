"""Large answers are compressed, by Starlette's middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from price_list.chassis import Application, read_settings, run
from price_list.settings import Settings


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    api = FastAPI()
    api.add_middleware(GZipMiddleware, minimum_size=1000)
    api.get("/prices")(lambda: list(range(10_000)))
    yield Application(api)


run(read_settings(Settings), application())
