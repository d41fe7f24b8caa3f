"""What the management port and a signal show of the running service."""

import platform
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

import httpx2
import pytest

from ..service import PATIENCE_SECONDS
from .observed import Line, Observed, eventually


def test_info_says_what_runs(management: httpx2.Client) -> None:
    info = management.get("/info").json()

    assert info["service"] == "orders"
    assert info["version"] == "1.2.3"
    assert info["python"] == platform.python_version()
    assert datetime.fromisoformat(info["started_at"]) < datetime.now(UTC)


def test_dependencies_are_listed(management: httpx2.Client) -> None:
    dependencies = management.get("/info/dependencies").json()

    assert dependencies["uvicorn"] == version("uvicorn")
    assert list(dependencies) == sorted(dependencies)


@pytest.fixture
def slow_request(observed: Observed) -> Iterator[str]:
    """The path of a request that is being handled."""
    path = "/faulty/slow"
    thread = threading.Thread(target=observed.api.get, args=(f"{path}?seconds=0.5",))
    thread.start()
    yield path
    thread.join()


def test_health_shows_the_longest_requests(management: httpx2.Client, slow_request: str) -> None:
    def look() -> Line | None:
        health: Line = management.get("/health").json()
        requests = health["longest_requests"]
        return health if requests and requests[0]["seconds"] > 0.05 else None

    health = eventually(look, "a slow request")
    assert health is not None
    assert health["active_requests"] == len(health["longest_requests"]) == 1
    [request] = health["longest_requests"]
    assert (request["method"], request["path"]) == ("GET", slow_request)
    assert len(request["request_id"]) == 32


def test_health_shows_the_checks(management: httpx2.Client) -> None:
    health = management.get("/health").json()

    assert health["readiness"] == "ready"
    assert health["dropped_log_lines"] == 0
    assert all(check["reachable"] for check in health["checks"].values())


def test_level_of_the_log_can_be_changed(
    observed: Observed, api: httpx2.Client, management: httpx2.Client
) -> None:
    def tell(word: str) -> set[str]:
        """The levels of the lines that come of it."""
        api.get("/faulty/tell", params={"message": word})
        management.put("/log-level", json={"level": "info"})  # writes all that came before
        return {line["level"] for line in observed.service.log if line.get("message") == word}

    try:
        set_to = management.put("/log-level", json={"level": "info"})
        assert set_to.json() == management.get("/log-level").json() == {"level": "info"}
        assert tell("quiet") == {"info"}

        management.put("/log-level", json={"level": "debug"})
        assert tell("loud") == {"debug", "info"}

        assert tell("quiet again") == {"info"}

        management.put("/log-level", json={"level": "error"})
        assert tell("silent") == set()
    finally:
        management.put("/log-level", json={"level": "debug"})
    assert "log level changed" in observed.service.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"debug"',
        b"{}",
        b'{"level": "loud"}',
        b'{"level": "DEBUG"}',
        b'{"level": 10}',
        b'{"level": null}',
        b'{"level": ["debug"]}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_bad_level_changes_nothing(management: httpx2.Client, body: bytes) -> None:
    response = management.put("/log-level", content=body)

    assert response.status_code == 422
    assert "debug, info, warning, error" in response.json()["detail"]
    assert management.get("/log-level").json() == {"level": "debug"}


def test_level_may_come_in_pieces(observed: Observed) -> None:
    body = b'{"level": "debug"}'
    host, port = observed.service.management.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as connection:
        connection.sendall(
            b"PUT /log-level HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body[:5])
        )
        # Until it has read what is there: it answers a later request on another connection.
        observed.management.get("/info")
        connection.sendall(body[5:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_management_refuses_what_it_does_not_know(management: httpx2.Client) -> None:
    unknown, wrong = management.get("/metric"), management.post("/log-level")

    assert (unknown.status_code, wrong.status_code) == (404, 405)
    assert "/metrics" in unknown.json()["detail"]
    assert wrong.headers["allow"] == "GET, PUT"


def test_signal_shows_where_everything_stands(
    observed: Observed, management: httpx2.Client, slow_request: str
) -> None:
    before = len(observed.service.log)
    eventually(lambda: slow_request in management.get("/health").text, "a slow request")

    observed.service.process.send_signal(signal.SIGUSR1)

    def look() -> list[Line]:
        return [line for line in observed.service.log[before:] if "threads" in line]

    [line] = eventually(look, "a line with the stacks")
    assert {"MainThread", "log-writer", "watchdog"} <= line["threads"].keys()
    assert "heartbeat" in line["tasks"]
    [task] = [stack for stack in line["tasks"].values() if "in slow\n" in stack]
    assert "await asyncio.sleep(seconds)" in task
