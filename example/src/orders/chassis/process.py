"""What concerns the whole process: signals, forks, and an end in time whatever hangs."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic

import structlog

from .diagnostics import DUMP_SIGNAL

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = structlog.get_logger(__name__)


def on_stop_signals(stop: Callable[[str], None]) -> None:
    """Call `stop` with the name of each signal to end, at once and in the main thread.

    Not through the event loop: code that blocks it would keep the signal from being heard.
    """
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda received, frame: stop(signal.Signals(received).name))
    os.register_at_fork(after_in_child=_forget_signals)


def _forget_signals() -> None:
    """Have a fork end by its own signals, and not hand them to the loop of its parent."""
    signal.set_wakeup_fd(-1)
    for number in (*_STOP_SIGNALS, DUMP_SIGNAL):
        signal.signal(number, signal.SIG_DFL)


class Deadline:
    """Ends the process after a time, whatever its other threads do."""

    def __init__(self, finish: Callable[[], None]) -> None:
        """`finish` saves what can be saved, in a moment."""
        self._finish = finish
        self._begun, self._over = threading.Event(), threading.Event()
        self._seconds = 0.0
        # At once, for a handler of a signal may interrupt code that starts a thread.
        threading.Thread(target=self._wait, name="deadline", daemon=True).start()

    def begin(self, seconds: float) -> None:
        """From now on, the process has so many seconds; a second call changes nothing."""
        if not self._begun.is_set():
            self._seconds = seconds
            self._begun.set()

    def cancel(self) -> None:
        self._over.set()
        self._begun.set()

    def _wait(self) -> None:
        self._begun.wait()
        if self._over.wait(self._seconds):
            return
        main = sys._current_frames().get(threading.main_thread().ident or 0)
        stack = "".join(traceback.format_stack(main))
        _log.critical("stopping: out of time, the process ends", seconds=self._seconds, stack=stack)
        self._finish()
        os._exit(1)


def threads_left(seconds: float) -> list[str]:
    """The names of threads for which Python would wait at its end; idle ones have `seconds`."""
    end = monotonic() + seconds
    threads = [it for it in threading.enumerate() if it is not threading.main_thread()]
    for thread in threads:
        if not thread.daemon:
            thread.join(max(0, end - monotonic()))
    return [thread.name for thread in threads if not thread.daemon and thread.is_alive()]
