"""What the service stands beside may hang, die or fill up, and it goes on answering."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from ..contract.raw import metric
from ..service import PATIENCE_SECONDS, Service, free_ports, running
from .observed import Observed, eventually

DROPPED = "log_lines_dropped_total"
MORE_LINES_THAN_ARE_KEPT = 75_000  # 12 MB: as much as is kept may be on its way, too
MANY_SERIES = 30_000


@contextmanager
def hanging_collector() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def dead_collector() -> Iterator[str]:
    """Nobody."""
    yield f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A named pipe: its path, and its end to read from."""
    path = tmp_path / "stdout"
    os.mkfifo(path)
    end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield path, end
    finally:
        os.close(end)


def ends_soon(service: Service) -> bool:
    """Whether it stops with 0, long before the platform would kill it."""
    started = time.monotonic()
    return service.terminate() == 0 and time.monotonic() - started < PATIENCE_SECONDS / 2


@pytest.mark.parametrize("collector", [hanging_collector, dead_collector])
def test_collector_that_does_not_answer_holds_up_nobody(
    collector: Callable[[], AbstractContextManager[str]], storage_settings: dict[str, str]
) -> None:
    with (
        collector() as url,
        running(
            module="tests.chassis.faulty",
            **storage_settings,
            OTEL_BSP_SCHEDULE_DELAY=20,
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_TRACES_SAMPLER_ARG=1,
        ) as service,
        httpx2.Client(base_url=service.api, timeout=5) as client,
    ):
        for _ in range(50):
            assert client.get("/faulty/things").status_code == 200
        assert ends_soon(service)
        assert service.log[-1]["event"] == "stopped"


def test_log_that_nobody_reads_costs_lines_and_no_time(
    pipe: tuple[Path, int], storage_settings: dict[str, str]
) -> None:
    path, end = pipe
    received = bytearray()

    def told() -> int:
        """Read on; how many lines are said to be lost by now."""
        with suppress(BlockingIOError):
            while data := os.read(end, 1_000_000):
                received.extend(data)
        whole = received.rpartition(b"\n")[0]
        return sum(json.loads(line).get("count", 0) for line in whole.splitlines())

    with (
        running(module="tests.chassis.altered", **storage_settings, STDOUT=path) as service,
        httpx2.Client(base_url=service.api, timeout=PATIENCE_SECONDS) as client,
    ):
        client.get("/faulty/chat", params={"lines": MORE_LINES_THAN_ARE_KEPT})
        for _ in range(10):
            assert client.get("/faulty/things").status_code == 200
        dropped = metric(service, DROPPED)
        assert dropped > 0

        eventually(lambda: told() == dropped, "a line about each loss")

        client.get("/faulty/chat", params={"lines": MORE_LINES_THAN_ARE_KEPT})
        assert ends_soon(service)


def test_log_whose_reader_is_gone(storage_settings: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with running(module="tests.chassis.altered", **storage_settings, STDOUT=path) as service:
        os.close(reader)
        assert_goes_on_without_a_log(service)


def test_log_on_a_full_disk(storage_settings: dict[str, str]) -> None:
    with running(module="tests.chassis.altered", **storage_settings, STDOUT="/dev/full") as service:
        assert_goes_on_without_a_log(service)


def assert_goes_on_without_a_log(service: Service) -> None:
    for _ in range(10):
        assert httpx2.get(f"{service.api}/faulty/things").status_code == 200
    eventually(lambda: metric(service, DROPPED) >= 10, "a loss of lines")
    assert ends_soon(service)
    assert service.text == ""


def test_blocked_event_loop_is_told_with_the_code_that_blocks_it(
    observed: Observed, api: httpx2.Client
) -> None:
    lag = "event_loop_lag_seconds_sum"
    lines, before = len(observed.service.log), metric(observed.service, lag)

    api.get("/faulty/block", params={"seconds": 1.5})

    eventually(lambda: metric(observed.service, lag) > before + 1, "a lag of more than a second")
    [blocked] = [
        line for line in observed.service.log[lines:] if line["event"] == "event loop blocked"
    ]
    assert blocked["level"] == "error"
    assert "faulty.py" in blocked["stack"]
    assert "in block\n" in blocked["stack"]


def test_requests_are_answered_while_many_metrics_are_read(
    storage_settings: dict[str, str],
) -> None:
    with (
        running(module="tests.chassis.faulty", **storage_settings) as service,
        httpx2.Client(base_url=service.api, timeout=PATIENCE_SECONDS) as client,
    ):
        client.get("/faulty/measure", params={"series": MANY_SERIES})
        took = 0.0

        def scrape() -> None:
            nonlocal took
            started = time.monotonic()
            httpx2.get(f"{service.management}/metrics", timeout=PATIENCE_SECONDS)
            took = time.monotonic() - started

        scraping, longest = threading.Thread(target=scrape), 0.0
        scraping.start()
        while scraping.is_alive():
            started = time.monotonic()
            client.get("/faulty/show_cancelled")
            longest = max(longest, time.monotonic() - started)
    assert longest < took / 2
