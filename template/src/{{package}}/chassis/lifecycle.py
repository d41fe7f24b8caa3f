"""From start to stop: settings are read, then telemetry, storage, ports, and back in reverse."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import structlog
import uvloop
from structlog.typing import Processor

from .asgi import ASGIApp
from .diagnostics import heartbeat
from .errors import StartError
from .health import Health
from .logging import Log, logging_to_stdout
from .management import Management
from .metrics import describe_process
from .process import Deadline, on_stop_signals, threads_left
from .requests import Requests
from .server import HttpServer
from .settings import CLOSE_SECONDS, FLUSH_SECONDS, ChassisSettings
from .tracing import Spans, tracing
from .workers import Worker, Workers

_THREAD_SECONDS = 0.5

_log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[object]]
"""Whether a dependency can be reached: it raises if not, and what it returns does not matter."""


@dataclass(frozen=True)
class Application:
    """What is served, and what goes with it.

    `checks` of dependencies are shown by name on the management port. `workers` do what goes on
    beside the requests.
    """

    app: ASGIApp
    checks: Mapping[str, Check] = field(default_factory=dict)
    workers: Sequence[Worker] = ()


class Server(Protocol):
    """What listens on a port, and the steps of its life."""

    async def start(self) -> None: ...

    async def stop_accepting(self) -> None: ...

    async def finish(self, seconds: float, hurry: asyncio.Event) -> None: ...

    async def close(self) -> None: ...


def run(
    settings: ChassisSettings,
    application: AbstractAsyncContextManager[Application],
    log_processors: Sequence[Processor] = (),
) -> None:
    """Serve until SIGTERM or SIGINT. A start that fails exits with 1 and one line.

    `log_processors` are structlog's: each gets every line of the log before secrets are masked.
    """
    exit_code = 1
    with logging_to_stdout(settings, log_processors) as log:
        deadline = Deadline(log.close)
        try:
            with tracing(settings) as spans:
                exit_code = _completed(_serve(settings, application, log, spans, deadline))
        except StartError as error:
            _log.critical("cannot start", reason=str(error))
        except Exception as error:
            _log.critical("failed", exc_info=error)
        left = threads_left(_THREAD_SECONDS)
        if left:
            _log.warning("stopping: threads are cut", threads=left)
        if exit_code == 0:
            _log.info("stopped")
    deadline.cancel()
    if left:
        os._exit(exit_code)  # Python would wait for them
    if exit_code:
        raise SystemExit(exit_code)


class _Stop:
    """The wish that the service ends: `requested` by a first signal, `hurry` by a second."""

    def __init__(self, settings: ChassisSettings, deadline: Deadline) -> None:
        self.requested = asyncio.Event()
        self.hurry = asyncio.Event()
        self._starting = asyncio.current_task()
        self._deadline = deadline
        self._seconds = settings.shutdown_grace_period - FLUSH_SECONDS
        self._loop = asyncio.get_running_loop()
        on_stop_signals(self._signalled)

    def started(self) -> None:
        self._starting = None

    def request(self) -> None:
        self._deadline.begin(self._seconds)
        if self.requested.is_set():
            self.hurry.set()
        self.requested.set()
        if self._starting is not None:
            self._starting.cancel()

    def _signalled(self, name: str) -> None:
        self._deadline.begin(2 * CLOSE_SECONDS if self._starting else self._seconds)
        self._loop.call_soon_threadsafe(self._heard, name)

    def _heard(self, name: str) -> None:
        _log.info("signal", signal=name)
        self.request()


def _completed(main: Coroutine[None, None, int]) -> int:
    """Run to its end what is awaited, in an event loop that waits for no thread at its own."""
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(_end_tasks())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(
    settings: ChassisSettings,
    application: AbstractAsyncContextManager[Application],
    log: Log,
    spans: Spans,
    deadline: Deadline,
) -> int:
    """The exit code."""
    stop, health = _Stop(settings, deadline), Health()
    try:
        async with AsyncExitStack() as stack:
            served = await stack.enter_async_context(_opened(application))
            requests = Requests(served.app, settings, health, log, spans)
            describe_process(settings, lambda: len(requests.active), lambda: log.dropped)
            management = Management(settings, log, health, requests, served.checks)
            await stack.enter_async_context(
                _served(HttpServer(management, settings, "management_port"))
            )
            api = HttpServer(requests, settings, "port", lambda: bool(requests.active))
            await stack.enter_async_context(_served(api))

            def sweep() -> None:
                requests.sweep()
                api.sweep()

            await stack.enter_async_context(heartbeat(sweep))
            workers = Workers(served.workers, health, stop.request)
            # What the start has made stays for good: no collection has to walk it again.
            gc.freeze()
            gc.enable()
            stop.started()
            health.set_ready()
            _log.info(
                "ready",
                api=f"http://{settings.host}:{settings.port}",
                management=f"http://{settings.host}:{settings.management_port}",
            )
            await stop.requested.wait()
            await asyncio.gather(
                _drain(settings, health, requests, api, stop.hurry), workers.stop()
            )
            return int(workers.failed)
    except asyncio.CancelledError:  # noqa: ASYNC103 # our own, in place of a start
        if not stop.requested.is_set():
            raise
        return 0  # noqa: ASYNC104


async def _drain(
    settings: ChassisSettings,
    health: Health,
    requests: Requests,
    server: Server,
    hurry: asyncio.Event,
) -> None:
    """Have no request fail: first nobody sends any more, then those that came are answered."""
    started = monotonic()
    health.set_stopping()
    _log.info("stopping: not ready", serving_on_for_seconds=settings.shutdown_delay)
    try:
        await asyncio.wait_for(hurry.wait(), settings.shutdown_delay)
    except TimeoutError:
        pass
    await server.stop_accepting()
    requests.end_streams()
    _log.info(
        "stopping: no more connections",
        requests=len(requests.active),
        finishing_for_seconds=settings.shutdown_timeout,
    )
    await asyncio.gather(
        server.finish(settings.shutdown_timeout, hurry), requests.websockets.finish(CLOSE_SECONDS)
    )
    cut = requests.cut_all()
    level = "warning" if cut else "info"
    seconds = round(monotonic() - started, 3)
    getattr(_log, level)("stopping: requests finished", cut=cut, seconds=seconds)


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
