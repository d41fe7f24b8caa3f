"""A WebSocket that repeats what it hears."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket
from price_list.chassis import Application, read_settings, run
from price_list.settings import Settings


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    api = FastAPI()

    @api.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    yield Application(api)


run(read_settings(Settings), application())
