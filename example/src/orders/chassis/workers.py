"""Background work beside the requests: started, watched and stopped with the service."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from .health import Health

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Worker:
    """Work that goes on as long as the service does.

    `run` gets an event that is set when the stop begins, and then has `stop_seconds` to return;
    after those it is cancelled. If it raises, or returns before that, the service stops with exit
    code 1 (`on_failure="stop"`), or is not ready any more (`on_failure="not ready"`).
    """

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]
    stop_seconds: float = 10.0
    on_failure: Literal["stop", "not ready"] = "stop"


class Workers:
    """The workers of a service, under supervision."""

    def __init__(self, workers: Sequence[Worker], health: Health, stop: Callable[[], None]) -> None:
        """`stop` stops the service."""
        self.failed = False
        self._stopping = asyncio.Event()
        self._health = health
        self._stop = stop
        self._tasks = {
            worker: asyncio.create_task(self._supervise(worker), name=f"worker {worker.name}")
            for worker in workers
        }

    async def stop(self) -> None:
        """Tell all workers to stop, and wait for each as long as it may take."""
        self._stopping.set()
        await asyncio.gather(*map(self._finish, self._tasks))

    async def _supervise(self, worker: Worker) -> None:
        try:
            await worker.run(self._stopping)
        except Exception as error:
            _log.error("worker failed", worker=worker.name, exc_info=error)
        else:
            if self._stopping.is_set():
                return
            _log.error("worker ended before the stop", worker=worker.name)
        if worker.on_failure == "stop":
            self.failed = True
            self._stop()
        else:
            self._health.set_not_ready(f"worker {worker.name}")

    async def _finish(self, worker: Worker) -> None:
        task = self._tasks[worker]
        _, pending = await asyncio.wait([task], timeout=worker.stop_seconds)
        if pending:
            _log.warning("worker was cancelled", worker=worker.name, seconds=worker.stop_seconds)
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
