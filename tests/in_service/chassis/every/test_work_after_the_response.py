"""Work after the response runs to its end, and does not change what log and metrics report."""

from collections.abc import Iterator
from itertools import product
from uuid import uuid4

import httpx2
import pytest

from ..contract.raw import connected, request
from ..service import Service, running
from .observed import Line, eventually

UNWATCHED_SECONDS = 0.1
BACKGROUND_SECONDS = 1.5
REQUEST_SECONDS = 1.0
WORK = ["dependency", "sync_dependency", "background", "sync_background"]
STREAMS = ["stream", "events"]  # a response that takes its time, and then work
CASES = [*product(WORK, [0.02, 0.6, 1.2]), *product(STREAMS, [0.02, 0.6])]


@pytest.fixture(scope="module")
def service(storage_settings: dict[str, str]) -> Iterator[Service]:
    """A service that soon looks whether its clients are still there."""
    with running(
        module="tests.chassis.altered",
        **storage_settings,
        SECONDS_UNWATCHED=UNWATCHED_SECONDS,
        BACKGROUND_TIMEOUT=BACKGROUND_SECONDS,
        REQUEST_TIMEOUT=REQUEST_SECONDS,
    ) as service:
        yield service
        assert service.terminate() == 0, service.text


def told(service: Service, event: str, **fields: object) -> list[Line]:
    """The lines of the log with an event and fields."""
    wanted = {"event": event, **fields}.items()
    return [line for line in service.log if wanted <= line.items()]


def line_about(service: Service, response: httpx2.Response) -> Line:
    """The line about a request."""
    request_id = response.headers["x-request-id"]
    [line] = eventually(lambda: told(service, "request", request_id=request_id), "its line")
    return line


@pytest.mark.parametrize("prefix", ["", "/mounted"])
@pytest.mark.parametrize(("form", "seconds"), CASES)
def test_work_is_done_whatever_the_client_does(
    service: Service, form: str, prefix: str, seconds: float
) -> None:
    name = uuid4().hex
    # Without a connection to keep, the client leaves as soon as it has the response.
    response = httpx2.get(
        f"{service.api}{prefix}/late/{form}", params={"name": name, "seconds": seconds}
    )
    assert response.status_code == 200
    eventually(lambda: told(service, "work is done", name=name), "the end of the work")
    assert told(service, "work was cancelled", name=name) == []
    line = line_about(service, response)
    assert line["status"] == 200
    assert line["duration_ms"] < REQUEST_SECONDS * 1000  # without the work


@pytest.mark.parametrize("prefix", ["", "/mounted"])
def test_stream_whose_client_leaves_is_cancelled(service: Service, prefix: str) -> None:
    name = uuid4().hex
    with connected(service) as client:
        path = f"{prefix}/late/stream"
        client.sendall(request("GET", f"{path}?name={name}&seconds=0.9"))
        assert client.recv(10)
    eventually(lambda: told(service, "request", path=path, status=499), "a line about who left")


def test_work_has_a_limit_of_its_own(service: Service) -> None:
    name = uuid4().hex
    response = httpx2.get(
        f"{service.api}/late/background", params={"name": name, "seconds": 42}, timeout=20
    )
    assert response.status_code == 200
    eventually(lambda: told(service, "work was cancelled", name=name), "an end of the work")
    request_id = response.headers["x-request-id"]
    [warning] = told(service, "work after the response was cancelled", request_id=request_id)
    assert (warning["level"], warning["path"]) == ("warning", "/late/background")
    assert line_about(service, response)["status"] == 200


def test_work_that_fails_is_logged_and_the_response_stays(service: Service) -> None:
    response = httpx2.get(f"{service.api}/late/failure", params={"name": "x"})
    assert response.status_code == 200
    request_id = response.headers["x-request-id"]
    assert line_about(service, response)["status"] == 200
    assert told(service, "unhandled exception", request_id=request_id)


@pytest.mark.parametrize(("seconds", "cut"), [(0.8, 0), (42, 1)])
def test_a_stop_waits_for_the_work(
    storage_settings: dict[str, str], seconds: float, cut: int
) -> None:
    name = uuid4().hex
    with running(module="tests.chassis.faulty", **storage_settings, SHUTDOWN_TIMEOUT=2) as stopped:
        httpx2.get(f"{stopped.api}/late/background", params={"name": name, "seconds": seconds})
        assert stopped.terminate() == 0
        assert len(told(stopped, "work is done", name=name)) == 1 - cut
        assert [line["cut"] for line in told(stopped, "stopping: requests finished")] == [cut]
        assert len(told(stopped, "work after the response was cancelled")) == cut
