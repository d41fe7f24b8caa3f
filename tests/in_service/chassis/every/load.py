"""A load of clients on a service that is told to stop, and a count of what came of it.

`python -m tests.chassis.load 50` starts and stops the service so many times; it ends with 1 where
a single request failed. DATABASE_URL is handed on to the service.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..service import PATIENCE_SECONDS, Service, running

CLIENTS = 32
SECONDS_OF_LOAD = 0.3
_SECONDS_BETWEEN_POLLS = 0.02

_DRAFT = b'{"name": "Teapot"}'
_REQUESTS = (
    b"GET /faulty/things?limit=1 HTTP/1.1\r\nhost: service\r\n\r\n",
    b"GET /faulty/slow?seconds=0.05 HTTP/1.1\r\nhost: service\r\n\r\n",
    b"GET /faulty/slow?seconds=0.3 HTTP/1.1\r\nhost: service\r\n\r\n",
    b"POST /faulty/things HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_DRAFT), _DRAFT),
)


@dataclass
class Tally:
    """What came of the requests of a load; a request that was refused a connection is neither."""

    answered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    exit_code: int | None = None

    @property
    def failed(self) -> int:
        return self.failures.total()


async def stopped_under_load(service: Service, *, polite: bool) -> Tally:
    """Stop the service by SIGTERM while clients ask it without a pause.

    Polite clients do as behind a load balancer: they send no more once /readyz has said 503. The
    others go on until they are refused a connection.
    """
    tally, over = Tally(), asyncio.Event()
    address = urlsplit(service.api)
    host, port = str(address.hostname), int(address.port or 0)
    clients = [
        asyncio.create_task(_client(host, port, tally, over, keeps=number % 2 == 0, polite=polite))
        for number in range(CLIENTS)
    ]
    await asyncio.sleep(random.uniform(0.5, 1.5) * SECONDS_OF_LOAD)
    service.process.send_signal(signal.SIGTERM)
    if polite:
        while await _asked(host, port, b"GET /readyz HTTP/1.1\r\nhost: service\r\n\r\n") == 200:
            await asyncio.sleep(_SECONDS_BETWEEN_POLLS)
        over.set()
    await asyncio.gather(*clients)
    tally.exit_code = await asyncio.to_thread(service.process.wait, PATIENCE_SECONDS)
    return tally


async def _client(
    host: str, port: int, tally: Tally, over: asyncio.Event, *, keeps: bool, polite: bool
) -> None:
    """Ask again and again, on a connection that is kept or on a new one each time."""
    while not over.is_set():
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
        except (ConnectionRefusedError, ConnectionResetError):
            # Reset where the listener closed in between: no request was on its way.
            if polite:
                tally.failures["refused although it was ready"] += 1
            return
        except OSError as error:
            tally.failures[f"connecting: {error!r}"] += 1
            return
        try:
            kept = True
            while kept and not over.is_set():
                async with asyncio.timeout(PATIENCE_SECONDS):
                    writer.write(random.choice(_REQUESTS))
                    status, kept = await _answer(reader)
                kept = kept and keeps
                if status in (200, 201):
                    tally.answered += 1
                else:
                    tally.failures[f"status {status}"] += 1
        except (OSError, EOFError, ValueError) as error:
            tally.failures[f"no whole answer: {error!r}"] += 1
        finally:
            writer.close()


async def _asked(host: str, port: int, request: bytes) -> int:
    """The status of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        return (await _answer(reader))[0]
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one whole answer: its status, and whether the connection goes on."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return status, b"\r\nconnection: close\r\n" not in head


def stopped(number: int) -> Tally:
    """One service, started and stopped; each second one under clients that are not polite."""
    database = {name: os.environ[name] for name in ("DATABASE_URL",) if name in os.environ}
    with running(
        module="tests.chassis.faulty", LOG_LEVEL="warning", SHUTDOWN_DELAY=0.2, **database
    ) as service:
        tally = asyncio.run(stopped_under_load(service, polite=number % 2 == 0))
        if tally.failed or tally.exit_code != 0:
            print(service.text, file=sys.stderr)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repetitions", type=int)
    parser.add_argument("--at-once", type=int, default=2)
    arguments = parser.parse_args()
    with ThreadPoolExecutor(arguments.at_once) as threads:
        tallies = list(threads.map(stopped, range(arguments.repetitions)))
    failures = sum((tally.failures for tally in tallies), Counter[str]())
    codes = Counter(tally.exit_code for tally in tallies)
    answered = sum(tally.answered for tally in tallies)
    print(f"{answered} answered, {failures.total()} failed, exit codes {dict(codes)}")
    for failure, count in failures.items():
        print(f"{count} times {failure}")
    return int(failures.total() > 0 or set(codes) != {0})


if __name__ == "__main__":
    sys.exit(main())
