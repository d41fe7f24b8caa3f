"""What the process is doing: how late its event loop is, what blocks it, where every task stands.

`kill -USR1` writes the stacks of all threads and tasks into the log.
"""

import asyncio
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import structlog

from .metrics import LOOP_LAG

DUMP_SIGNAL = signal.SIGUSR1
_SECONDS_BETWEEN_BEATS = 0.1
_SECONDS_BLOCKED = 1.0
_LINKS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def heartbeat(sweep: Callable[[], None]) -> AsyncIterator[None]:
    """Beat ten times a second on the event loop, and see from a thread that it does.

    Each beat calls `sweep` and measures how late it comes; where none comes for a second, the
    stack of the code that blocks the loop is logged.
    """
    beats = _Beats(threading.get_ident(), sweep)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(DUMP_SIGNAL, dump_stacks)
    beating = asyncio.create_task(beats.beat(), name="heartbeat")
    watching = threading.Thread(target=beats.watch, name="watchdog", daemon=True)
    watching.start()
    try:
        yield
    finally:
        beats.over.set()
        beating.cancel()
        watching.join()


class _Beats:
    """The beats of one event loop, and the watch over them."""

    def __init__(self, thread: int, sweep: Callable[[], None]) -> None:
        self.over = threading.Event()
        self._thread = thread
        self._sweep = sweep
        self._last = monotonic()

    async def beat(self) -> None:
        while True:
            due = monotonic() + _SECONDS_BETWEEN_BEATS
            await asyncio.sleep(_SECONDS_BETWEEN_BEATS)
            self._last = monotonic()
            LOOP_LAG.observe(max(0.0, self._last - due))
            try:
                self._sweep()
            except Exception:  # the next beat may do better; without beats nothing is swept
                _log.exception("the sweep failed")

    def watch(self) -> None:
        told = 0.0
        while not self.over.wait(_SECONDS_BLOCKED / 4):
            last = self._last
            if monotonic() - last > _SECONDS_BLOCKED and last != told:
                told = last
                frame = sys._current_frames()[self._thread]
                stack = "".join(traceback.format_stack(frame))
                _log.error("event loop blocked", seconds=_SECONDS_BLOCKED, stack=stack)


def dump_stacks() -> None:
    """Log where every thread and every task stands."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    threads = {
        names.get(ident, str(ident)): "".join(traceback.format_stack(frame))
        for ident, frame in sys._current_frames().items()
    }
    tasks = {task.get_name(): _stack(task) for task in asyncio.all_tasks()}
    _log.warning("stacks of all threads and tasks", threads=threads, tasks=tasks)


def _stack(task: asyncio.Task[Any]) -> str:
    """Where a task stands, down to what it waits for; `print_stack` shows the outermost frame."""
    frames = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        # A coroutine, a generator or an asynchronous generator.
        for frame_name, next_name in _LINKS:
            if (frame := getattr(awaited, frame_name, None)) is not None:
                frames.append((frame, frame.f_lineno))
                awaited = getattr(awaited, next_name)
                break
        else:
            break
    return "".join(traceback.StackSummary.extract(iter(frames)).format())
