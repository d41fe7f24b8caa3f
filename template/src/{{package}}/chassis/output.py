"""Lines to a file descriptor from a thread of its own, so that nobody ever waits for a reader."""

import os
import sys
import threading
from collections.abc import Callable

_SECONDS_BETWEEN_WRITES = 0.25  # each takes the interpreter away from requests for a moment
_CAPACITY_BYTES = 4_194_304  # ten thousand lines, about


def standard_output() -> int:
    """The descriptor of the standard output; of nothing where it is closed, as by `>&-`.

    Closed standard streams are opened to nothing, for a socket that got one of their descriptors
    would end the process: libuv closes none of them.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest that is free
    return 1 if sys.stdout is None else sys.stdout.fileno()


class LineWriter:
    """A bounded buffer of lines, and the thread that writes them, many at once.

    A full pipe that nobody reads, a full disk or a closed pipe cost lines and never time: what
    does not fit is dropped and counted, and once lines are taken again, `notice` says how many.
    """

    def __init__(
        self,
        descriptor: int,
        notice: Callable[[int], bytes],
        capacity: int = _CAPACITY_BYTES,
    ) -> None:
        self._refused = 0  # by `put`, in any thread
        self._lost = 0  # by the writing thread
        self._descriptor = descriptor
        self._notice = notice
        self._capacity = capacity
        self._told = 0
        self._torn = False
        self._closing = False
        self._begin()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()
        os.register_at_fork(after_in_child=self._begin_in_child)

    @property
    def dropped(self) -> int:
        """How many lines were never written."""
        return self._refused + self._lost

    def put(self, line: bytes, *, at_once: bool = False) -> None:
        """Take a line, with its newline. `at_once` has it written without delay."""
        with self._lock:
            if len(self._buffer) + len(line) > self._capacity:
                self._refused += 1
                return
            self._buffer += line
        if self._forked:
            self._write_all()
        elif at_once:
            self._wake.set()

    def close(self, seconds: float) -> None:
        """Write what is left, for at most so many seconds."""
        self._closing = True
        self._wake.set()
        self._thread.join(seconds)

    def _begin(self) -> None:
        self._forked = False
        # One piece of memory, for so many small ones would cost each request 6 µs.
        self._buffer = bytearray()
        self._lock = threading.RLock()  # for what logs while a line is taken: a finalizer, say
        self._wake = threading.Event()

    def _begin_in_child(self) -> None:
        """A fork has no thread to write, and the lines that wait are its parent's to write."""
        self._begin()
        self._forked = True

    def _run(self) -> None:
        closing = False
        while not closing:
            self._wake.wait(_SECONDS_BETWEEN_WRITES)
            self._wake.clear()
            closing = self._closing  # read before the last round, which then takes all that is left
            self._write_all()

    def _write_all(self) -> None:
        while self._buffer:
            with self._lock:
                lines, self._buffer = self._buffer, bytearray()
            untold = self.dropped - self._told
            notice = self._notice(untold) if untold else b""
            if self._write(notice + lines):
                self._told += untold
            else:
                self._lost += lines.count(b"\n")
                return

    def _write(self, data: bytes) -> bool:
        if self._torn:
            data = b"\n" + data
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError:  # the disk is full, or the other end is gone
            # The next line shall not continue one of which only a part could be written.
            self._torn = data[written - 1 : written] != b"\n" if written else self._torn
            return False
        self._torn = False
        return True
