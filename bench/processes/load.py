"""Loads a server over keep-alive connections, then prints as JSON what came of it.

    python -m bench.processes.load HOST PORT PATH SECONDS [RATE]

Without a rate, each connection asks again as soon as it is answered. With one, requests go out at
fixed times, whatever becomes of those before; how long one takes counts from the time it was due,
so that a server that stalls is not spared the requests it kept waiting (coordinated omission).
"""

import asyncio
import gc
import json
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import uvloop  # type: ignore[import-not-found]  # the service's environment has it

from .messages import whole

CONNECTIONS = 32


@dataclass
class Outcome:
    """What became of the requests."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0
    failure: str = ""
    lost: bool = False

    def fail(self, how: str) -> None:
        self.failures += 1
        self.failure = self.failure or how


class Connection(asyncio.Protocol):
    """One keep-alive connection, with one request at a time."""

    def __init__(
        self, request: bytes, outcome: Outcome, answered: Callable[["Connection"], None]
    ) -> None:
        self._request = request
        self._outcome = outcome
        self._answered = answered
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, due: float) -> None:
        self._due = due
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if message := whole(self._received):
            self._received.clear()
            self._outcome.seconds.append(perf_counter() - self._due)
            head, _ = message
            if not head.startswith(b"HTTP/1.1 200 "):
                self._outcome.fail(head.partition(b"\r\n")[0].decode(errors="replace"))
            self._answered(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._outcome.fail("a connection that the server closed")
        self._outcome.lost = True


async def load(host: str, port: int, path: str, seconds: float, rate: float | None) -> Outcome:
    """Do what the command line says."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: */*\r\n\r\n".encode()
    outcome, idle = Outcome(), deque[Connection]()
    until = float("inf")

    def ask_again(connection: Connection) -> None:
        now = perf_counter()
        if now < until:
            connection.send(now)
        else:
            idle.append(connection)

    answered = idle.append if rate else ask_again
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        _, connection = await loop.create_connection(
            lambda: Connection(request, outcome, answered), host, port
        )
        idle.append(connection)

    started = perf_counter()
    if rate:
        for number in range(int(rate * seconds)):
            due = started + number / rate
            # Not asleep: the loop's timers are good for a millisecond, and the core is ours.
            while (perf_counter() < due or not idle) and not outcome.lost:
                await asyncio.sleep(0)
            if outcome.lost:
                break
            idle.popleft().send(due)
    else:
        until = started + seconds
        for _ in range(CONNECTIONS):
            idle.popleft().send(perf_counter())
    while len(idle) < CONNECTIONS and not outcome.lost:
        await asyncio.sleep(0.001)
    return outcome


def summary(outcome: Outcome) -> dict[str, object]:
    ordered = sorted(outcome.seconds)
    return {
        "answers": len(ordered),
        "failures": outcome.failures,
        "failure": outcome.failure,
        "p50": ordered[len(ordered) // 2] if ordered else 0.0,
        "p99": ordered[len(ordered) * 99 // 100] if ordered else 0.0,
    }


async def main(host: str, port: str, path: str, seconds: str, rate: str = "0") -> None:
    outcome = await load(host, int(port), path, float(seconds), float(rate) or None)
    print(json.dumps(summary(outcome)))


if __name__ == "__main__":
    gc.disable()  # no pauses of our own among the latencies
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(*sys.argv[1:]))
