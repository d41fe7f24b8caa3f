"""From start to stop: settings are read, then telemetry, storage, ports, and back in reverse."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

import structlog
import uvloop

from .asgi import ASGIApp
from .diagnostics import heartbeat
from .health import Health
from .logging import Log, logging_to_stdout
from .management import Management
from .metrics import describe_process
from .requests import Requests
from .server import Server, StartError
from .settings import CLOSE_SECONDS, ChassisSettings
from .tracing import RequestTracer, tracing

_LONGEST_TURN_SECONDS = 0.0005

_log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[None]]
"""Whether a dependency can be reached; it raises where not."""


@dataclass(frozen=True)
class Application:
    """What is served, and what it stands on: checks by name, shown on the management port."""

    app: ASGIApp
    checks: Mapping[str, Check] = field(default_factory=dict)


def run(settings: ChassisSettings, application: AbstractAsyncContextManager[Application]) -> None:
    """Serve until SIGTERM or SIGINT. A start that fails exits with 1 and one line."""
    with logging_to_stdout(settings) as log:
        try:
            with (
                tracing(settings) as tracer,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                runner.run(_serve(settings, application, log, tracer))
        except StartError as error:
            _log.critical("cannot start", reason=str(error))
            raise SystemExit(1) from None
        except Exception as error:
            _log.critical("failed", exc_info=error)
            raise SystemExit(1) from None
        _log.info("stopped")


async def _serve(
    settings: ChassisSettings,
    application: AbstractAsyncContextManager[Application],
    log: Log,
    tracer: RequestTracer,
) -> None:
    stop, hurry = _signals()
    health = Health()
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(_opened(application))
        requests = Requests(served.app, settings, health, log, tracer)
        describe_process(settings, lambda: len(requests.active), lambda: log.dropped)
        management = Management(settings, log, health, requests, served.checks)
        await stack.enter_async_context(_served(Server(management, settings, "management_port")))
        api = Server(requests, settings, "port")
        await stack.enter_async_context(_served(api))

        def sweep() -> None:
            requests.sweep()
            api.sweep()

        await stack.enter_async_context(heartbeat(sweep))
        # What the start has made stays for good: no collection has to walk it again.
        gc.freeze()
        gc.enable()
        # A thread that works gives way to the requests after this, and not only after 5 ms.
        sys.setswitchinterval(_LONGEST_TURN_SECONDS)
        health.set_ready()
        _log.info(
            "ready",
            api=f"http://{settings.host}:{settings.port}",
            management=f"http://{settings.host}:{settings.management_port}",
        )
        await stop.wait()
        await _drain(settings, health, requests, api, hurry)


async def _drain(
    settings: ChassisSettings, health: Health, requests: Requests, api: Server, hurry: asyncio.Event
) -> None:
    """Have no request fail: first nobody sends any more, then those that came are answered."""
    started = monotonic()
    health.set_stopping()
    _log.info("stopping: not ready", serving_on_for_seconds=settings.shutdown_delay)
    try:
        await asyncio.wait_for(hurry.wait(), settings.shutdown_delay)
    except TimeoutError:
        pass
    await api.stop_accepting()
    _log.info(
        "stopping: no more connections",
        requests=len(requests.active),
        finishing_for_seconds=settings.shutdown_timeout,
    )
    await api.finish(settings.shutdown_timeout, hurry)
    cut = requests.cut_all()
    level = "warning" if cut else "info"
    seconds = round(monotonic() - started, 3)
    getattr(_log, level)("stopping: requests finished", cut=cut, seconds=seconds)


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal to end, and by the second."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def received(name: str) -> None:
        if stop.is_set():
            hurry.set()
        stop.set()
        _log.info("signal", signal=name)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, received, number.name)
    return stop, hurry


@asynccontextmanager
async def _opened(
    application: AbstractAsyncContextManager[Application],
) -> AsyncIterator[Application]:
    stack, closed = AsyncExitStack(), True
    try:
        yield await stack.enter_async_context(application)
    finally:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await stack.aclose()
        except TimeoutError:  # of a database that does not answer; its connections end with us
            _log.warning("stopping: storage did not close in time", seconds=CLOSE_SECONDS)
            closed = False
    if closed:
        _log.info("stopping: storage closed")


@asynccontextmanager
async def _served(server: Server) -> AsyncIterator[None]:
    await server.start()
    try:
        yield
    finally:
        await server.close()
