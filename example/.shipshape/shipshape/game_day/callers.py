"""Callers of the service, who go on asking whatever is answered."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

_PAUSE_SECONDS = 0.02
_TIMEOUT_SECONDS = 30


@contextmanager
def calling(port: int, paths: Sequence[str], clients: int) -> Iterator[None]:
    """So many callers at once, each of whom asks for one path after the other."""
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            for path in paths:
                _ask(port, path)
                over.wait(_PAUSE_SECONDS)

    threads = [threading.Thread(target=call, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(_TIMEOUT_SECONDS)


def _ask(port: int, path: str) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, HTTPException):
        pass  # it is broken on purpose: what callers get is in the service's metrics
    finally:
        connection.close()
