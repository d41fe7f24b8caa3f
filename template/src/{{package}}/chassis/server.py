"""From start to stop: settings are read, then logs, storage, ports, and back in reverse."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import structlog
import uvicorn
import uvloop

from .asgi import ASGIApp
from .health import Health
from .logging import configure_logging
from .management import management
from .metrics import Metrics
from .requests import RequestPass
from .settings import ChassisSettings

_log = structlog.get_logger()


class StartError(Exception):
    """The service cannot start; the message says why and what would help."""


def run(settings: ChassisSettings, application: AbstractAsyncContextManager[ASGIApp]) -> None:
    """Serve `application` until SIGTERM or SIGINT. A start that fails exits with 1 and one line."""
    configure_logging(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, application))
    except StartError as error:
        _log.critical("cannot start", reason=str(error))
        raise SystemExit(1) from None


async def _serve(
    settings: ChassisSettings, application: AbstractAsyncContextManager[ASGIApp]
) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    health, metrics = Health(), Metrics(settings)

    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(application)
        await stack.enter_async_context(
            _listening(management(settings, metrics), settings, "management_port")
        )
        await stack.enter_async_context(
            _listening(RequestPass(app, health, metrics), settings, "port")
        )
        # What the start has made stays for good: no collection has to walk it again.
        gc.freeze()
        gc.enable()
        health.set_ready()
        _log.info(
            "ready",
            api=f"http://{settings.host}:{settings.port}",
            management=f"http://{settings.host}:{settings.management_port}",
        )
        await stop.wait()
        health.set_stopping()
        _log.info("stopping", serving_on_for_seconds=settings.shutdown_delay)
        await asyncio.sleep(settings.shutdown_delay)
    _log.info("stopped")


@asynccontextmanager
async def _listening(app: ASGIApp, settings: ChassisSettings, name: str) -> AsyncIterator[None]:
    """Serve `app` on the port of the setting `name`; at the end let its requests finish first.

    The steps of uvicorn's server are called one by one, for its `serve` takes the signals for
    itself and ends the process with a second SIGTERM.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    sockets = [_bound(settings, name)]
    await server.startup(sockets)
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown(sockets)


def _bound(settings: ChassisSettings, name: str) -> socket.socket:
    port = getattr(settings, name)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, port), family=family, backlog=2048)
    except OSError as error:
        code = error.errno or 0  # below zero for a name that does not resolve
        reason = os.strerror(code) if code > 0 else "no such address"
        raise StartError(
            f"cannot listen on {settings.host} port {port}, {reason}: "
            f"end what listens there, or set another {name.upper()} or HOST"
        ) from None
