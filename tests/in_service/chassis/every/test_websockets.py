"""WebSockets: ids, limits, log lines, metrics, and how they end when the service stops."""

import signal
import time

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ..service import PATIENCE_SECONDS, Service, running
from .observed import Line, Observed, eventually


def opened(service: Service, path: str = "/echo/ann") -> ClientConnection:
    return connect(service.api.replace("http", "ws") + path)


def lines(service: Service, path: str) -> list[Line]:
    """What was logged of the WebSockets at a path."""

    def look() -> list[Line]:
        found = [line for line in service.log if line["event"] == "websocket"]
        return [line for line in found if line["path"] == path]

    return eventually(look, "a line about a WebSocket")


def test_line_tells_of_a_connection(extended: Observed) -> None:
    with opened(extended.service, "/sub/echo/one") as socket:
        socket.send("hello")
        assert socket.recv() == "one hello"
        identifier = socket.response.headers["x-request-id"]  # type: ignore[union-attr]
        assert extended.management.get("/health").json()["active_websockets"] == 1

    [line] = lines(extended.service, "/sub/echo/one")
    told: Line = {"status": 101, "close_code": 1000, "messages_received": 1, "messages_sent": 1}
    told |= {"route": "/sub/echo/{name}", "request_id": identifier, "client": "127.0.0.1"}
    assert line.items() >= told.items()
    labels = {"http_route": "/sub/echo/{name}", "http_response_status_code": "101"}
    labels |= {"close_code": "1000", "error_type": ""}
    count = extended.samples()["websocket_connections_total", frozenset(labels.items())]
    assert count == 1


def test_handler_that_fails_closes_with_1011(extended: Observed) -> None:
    with opened(extended.service, "/echo/two") as socket:
        socket.send("fail")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    [line] = lines(extended.service, "/echo/two")
    assert (line["close_code"], line["error"]) == (1011, "500")


def test_where_there_is_none(extended: Observed) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(extended.service, "/bound")

    assert refused.value.response.status_code == 403
    [line] = lines(extended.service, "/bound")
    assert (line["status"], line["level"]) == (403, "info")


def test_one_more_than_may_be_open(extended: Observed) -> None:
    with opened(extended.service), opened(extended.service):
        with pytest.raises(InvalidStatus) as refused:
            opened(extended.service)
        response = refused.value.response
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    eventually(
        lambda: extended.management.get("/health").json()["active_websockets"] == 0, "an end"
    )


def test_message_over_the_limit(extended: Observed) -> None:
    with opened(extended.service) as socket:
        socket.send("x" * 1_001)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_stop_ends_streams_of_events_at_once(storage_settings: dict[str, str]) -> None:
    with running(module="tests.chassis.extended", **storage_settings) as service:
        with httpx2.stream("GET", f"{service.api}/events") as response:
            parts = response.iter_raw()
            next(parts)
            started = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            list(parts)  # a whole response: its end came
        assert service.process.wait(PATIENCE_SECONDS) == 0
        assert time.monotonic() - started < 5
        [line] = [line for line in service.log if line.get("route") == "/events"]

    assert line["status"] == 200
    assert "error" not in line


def test_stop_sends_clients_elsewhere_at_once(storage_settings: dict[str, str]) -> None:
    with running(module="tests.chassis.extended", **storage_settings) as service:
        with opened(service) as socket:
            socket.send("hello")
            socket.recv()
            started = time.monotonic()
            assert service.terminate() == 0
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv()
        assert time.monotonic() - started < 5
        [line] = lines(service, "/echo/ann")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert line["close_code"] == 1012
