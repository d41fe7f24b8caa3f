"""Workers and the lifespan of an application: started, watched and stopped with the service."""

import httpx2
import pytest

from ..service import PATIENCE_SECONDS, refused_start, running
from .observed import eventually

MODULE = "tests.chassis.extended"


def test_worker_is_told_to_stop_and_may_end(storage_settings: dict[str, str]) -> None:
    with running(module=MODULE, **storage_settings) as service:
        assert service.terminate() == 0
        events = [line["event"] for line in service.log]

    assert events[:2] == ["lifespan begins", "ready"] or events[:3] == [
        "lifespan begins",
        "worker begins",
        "ready",
    ]
    told = [event for event in events if event.startswith(("worker", "lifespan"))]
    assert told[-3:] == ["worker was told", "worker ends", "lifespan ends"]
    assert events[-1] == "stopped"


def test_worker_that_does_not_stop_is_cancelled(storage_settings: dict[str, str]) -> None:
    with running(module=MODULE, **storage_settings, WORKER="deaf") as service:
        assert service.terminate() == 0
        [line] = [line for line in service.log if line["event"] == "worker was cancelled"]

    assert (line["worker"], line["seconds"]) == ("counter", 1.0)


@pytest.mark.parametrize(
    ("manner", "event"), [("dies", "worker failed"), ("returns", "worker ended before the stop")]
)
def test_worker_that_fails_ends_the_service_after_the_drain(
    storage_settings: dict[str, str], manner: str, event: str
) -> None:
    with running(module=MODULE, **storage_settings, WORKER=manner) as service:
        assert service.process.wait(PATIENCE_SECONDS) == 1
        events = [line["event"] for line in service.log]

    assert event in events
    assert events.index(event) < events.index("stopping: requests finished")
    assert "stopping: storage closed" in events


def test_worker_that_fails_makes_the_service_not_ready(storage_settings: dict[str, str]) -> None:
    settings = {"WORKER": "dies", "ON_FAILURE": "not ready"}
    with running(module=MODULE, **storage_settings, **settings) as service:
        ready = f"{service.api}/readyz"
        eventually(lambda: httpx2.get(ready).status_code == 503, "an answer that is not ready")
        assert httpx2.get(ready).text == "not ready: worker counter\n"
        assert httpx2.get(f"{service.api}/livez").status_code == 200
        assert service.terminate() == 0


def test_lifespan_that_fails_stops_the_start(storage_settings: dict[str, str]) -> None:
    status, text = refused_start(module=MODULE, **storage_settings, LIFESPAN="fails")

    assert status == 1
    assert "LookupError: no licence" in text
    assert "the application's lifespan failed" in text
