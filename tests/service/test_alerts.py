"""The service's alerts, by a real Prometheus over the running service: they fire, and they end.

The service is the one that its own tests of the chassis start, with handlers that misbehave. All
times of the rules are 60 times shorter, so that an hour is a minute; nothing else of them is
changed.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import kinds
from .prometheus import Prometheus, watching
from .test_running import running

pytestmark = [pytest.mark.slow, pytest.mark.long]

FASTER = 60
HEALTHY, FAILING, SLOW = "/faulty/things", "/faulty/fail?message=no", "/faulty/slow?seconds=0.6"
BLOCKING = "/faulty/block?seconds=0.4"
HEALTHY_SECONDS = 15
PATIENCE_SECONDS = 120.0


@contextmanager
def calling(api: str, *paths: str, clients: int = 4, pause: float = 0.02) -> Iterator[None]:
    """Callers that ask for these, one after the other, for as long as this lasts."""
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            for path in paths:
                connection = HTTPConnection(urlsplit(api).netloc, timeout=30)
                try:
                    connection.request("GET", path)
                    connection.getresponse().read()
                except (OSError, HTTPException):
                    pass  # the service may be killed; what it answers, its own metrics count
                finally:
                    connection.close()
                over.wait(pause)

    threads = [threading.Thread(target=call) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def eventually(condition: Callable[[], bool], prometheus: Prometheus) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"firing: {prometheus.firing()}"
        time.sleep(0.2)


@contextmanager
def watched(
    service: Path, folder: Path
) -> Iterator[tuple[str, "subprocess.Popen[str]", Prometheus]]:
    """The service, its process, and who watches it."""
    log = folder / "log.jsonl"  # a pipe that nobody reads would be an alert of its own
    log.touch()
    with (
        running(service, "tests.chassis.altered", STDOUT=log) as (api, management, process),
        watching(service, management, folder / "prometheus", FASTER) as prometheus,
    ):
        yield api, process, prometheus


@kinds("none")  # game days have a database
def test_alerts_fire_and_end(tested: Path, tmp_path: Path) -> None:
    with watched(tested, tmp_path) as (api, process, prometheus):
        with calling(api, HEALTHY):
            eventually(lambda: bool(prometheus.query("up == 1")), prometheus)
            for _ in range(HEALTHY_SECONDS):
                time.sleep(1)
                assert prometheus.firing() == set()

        with calling(api, HEALTHY, FAILING):
            eventually(lambda: "AvailabilityBudgetBurnFast" in prometheus.firing(), prometheus)
            alert = prometheus.alert("AvailabilityBudgetBurnFast")
            assert alert["labels"]["severity"] == "page"
            assert alert["annotations"]["runbook_url"].endswith("#availabilitybudgetburnfast")
            assert not any(name.startswith("Latency") for name in prometheus.firing())

        with calling(api, HEALTHY):
            eventually(lambda: "AvailabilityBudgetBurnFast" not in prometheus.firing(), prometheus)

        with calling(api, SLOW):
            eventually(lambda: "LatencyBudgetBurnFast" in prometheus.firing(), prometheus)
            assert "AvailabilityBudgetBurnFast" not in prometheus.firing()

        with calling(api, BLOCKING, clients=1):
            eventually(lambda: "EventLoopSlow" in prometheus.firing(), prometheus)
        with calling(api, HEALTHY):
            eventually(lambda: "EventLoopSlow" not in prometheus.firing(), prometheus)

        process.terminate()
        eventually(lambda: "ServiceDown" in prometheus.firing(), prometheus)
