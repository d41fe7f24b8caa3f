"""Browsers may call the API from one origin: a setting, CORS_ALLOW_ORIGINS, and no code."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from price_list.chassis import Application, read_settings, run
from price_list.settings import Settings


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    api = FastAPI()
    api.get("/prices")(lambda: [1, 2])
    yield Application(api)


run(read_settings(Settings), application())
