"""A small and steady load."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from .instance import Instance
from .operations import NoResponseError, Request

PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class Answer:
    """What became of a request."""

    request: Request
    status: int | None
    seconds: float
    failure: str
    """Empty after a 2xx."""


class Tally:
    """What became of the requests so far."""

    def __init__(self) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self.slowest = 0.0
        """Seconds."""
        self._lock = threading.Lock()

    def add(self, answer: Answer) -> None:
        with self._lock:
            self.slowest = max(self.slowest, answer.seconds)
            if answer.failure:
                self.failures.append(answer.failure)
            else:
                self.answered += 1


@contextmanager
def calling(instance: Instance, request: Request, clients: int = 4) -> Iterator[Tally]:
    """So many clients send the request again and again, until the end.

    Half of them keep their connection; an answer that is not 2xx is a failure.
    """
    tally, over = Tally(), threading.Event()

    def call(keeps: bool) -> None:
        while not over.is_set():
            with instance.client() as client:
                while not over.wait(PAUSE_SECONDS):
                    tally.add(answered(client, request))
                    if not keeps:
                        break

    threads = [
        threading.Thread(target=call, args=(number % 2 == 0,), daemon=True)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield tally
    finally:
        over.set()
        for thread in threads:
            thread.join()


def concurrently(instance: Instance, requests: Sequence[Request], seconds: float) -> list[Answer]:
    """Send requests at once, and wait for each response for so many seconds."""

    def answer(request: Request) -> Answer:
        with instance.client() as client:
            client.timeout = httpx2.Timeout(seconds)
            return answered(client, request)

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(answer, requests))


def answered(client: httpx2.Client, request: Request) -> Answer:
    """Send a request, and wait for its response."""
    status, failure = None, ""
    started = time.monotonic()
    try:
        response = request.send(client)
        status = response.status_code
        if not response.is_success:
            failure = f"{request} got {status}"
    except NoResponseError as error:
        failure = str(error)
    return Answer(request, status, time.monotonic() - started, failure)
