"""The record of a call: its name under prefixes and mounts, and what handlers add to it."""

import socket

import httpx2
import pytest

from .observed import Observed, eventually

DURATION = "http_server_request_duration_seconds_count"
HANDSHAKE = (
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/parts/blue/screws/3", "/v1/parts/{part}/screws/{screw}"),
        ("/v2/parts/blue/screws/3", "/v2/parts/{part}/screws/{screw}"),
        ("/v2/parts/red/screws/x", "/v2/parts/{part}/screws/{screw}"),  # 422
        ("/sub/bound", "/sub/bound"),
        ("/sub/nothing", "/sub"),
        ("/tenants/blue/bound", "/tenants/{tenant}/bound"),
        ("/tenants/red/nothing", "/tenants/{tenant}"),
        ("/nothing", ""),
    ],
)
def test_route_is_named_with_its_prefixes(extended: Observed, path: str, route: str) -> None:
    response = extended.api.get(path)

    assert extended.line(response)["route"] == route
    span = extended.span(response)
    assert span.name == f"GET {route}".strip()
    assert span.attributes.get("http.route", "") == route
    routes = {dict(labels)["http_route"] for name, labels in extended.samples() if name == DURATION}
    assert route in routes


def test_context_that_a_handler_binds_is_in_the_line(extended: Observed) -> None:
    bound, other = extended.api.get("/bound"), extended.api.get("/nothing")

    assert extended.line(bound)["user"] == "ann"
    assert "user" not in extended.line(other)


def test_handler_names_its_call_and_says_that_it_failed(extended: Observed) -> None:
    response = extended.api.get("/named")

    line, span = extended.line(response), extended.span(response)
    assert (line["route"], line["status"], line["error"]) == ("query Things", 200, "resolver")
    assert line["tenant"] == "blue"
    assert (span.name, span.status) == ("GET query Things", "ERROR")
    assert span.attributes["error.type"] == "resolver"
    labels = {
        "http_request_method": "GET",
        "http_route": "query Things",
        "http_response_status_code": "200",
        "error_type": "resolver",
    }
    assert extended.samples()[DURATION, frozenset(labels.items())] == 1


def test_route_has_limits_of_its_own(extended: Observed) -> None:
    api = extended.api
    for size, status in ((2_000_000, 200), (2_000_001, 413)):
        assert api.post("/large", content=b"x" * size).status_code == status
        assert api.post("/large", content=iter([b"x" * size])).status_code == status
    assert api.get("/quick", params={"seconds": 0}).status_code == 200
    slow = api.get("/quick", params={"seconds": 0.9})
    assert (slow.status_code, slow.json()["detail"]) == (504, "the request took more than 0.2 s")
    assert api.get("/patient", params={"seconds": 1.5}).status_code == 200


def test_traces_are_exemplars_of_the_histogram(extended: Observed) -> None:
    line = extended.line(extended.api.get("/v1/parts/blue/screws/4"))
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}

    exposition = extended.management.get("/metrics", headers=accept)

    assert exposition.headers["content-type"].startswith("application/openmetrics-text")
    assert exposition.text.endswith("# EOF\n")
    assert f'# {{trace_id="{line["trace_id"]}"}}' in exposition.text


def test_processors_of_the_team_see_each_line_before_it_is_masked(extended: Observed) -> None:
    line = extended.line(extended.api.get("/bound"))

    assert (line["team"], line["api_key"]) == ("blue", "***")


def test_application_without_headers(extended: Observed) -> None:
    assert extended.line(extended.api.get("/raw/"))["status"] == 200


def test_stream_of_events_lasts_longer_than_a_request_may(extended: Observed) -> None:
    with extended.api.stream("GET", "/events") as response:
        lines = response.iter_lines()
        while next(lines) != "data: 15":
            pass

    [line] = eventually(
        lambda: [it for it in extended.service.log if it.get("route") == "/events"], "its line"
    )
    assert line["status"] == 499  # its client has left
    assert line["duration_ms"] > 1_500
    seconds = sum(
        value
        for (name, labels), value in extended.samples().items()
        if name.endswith("request_duration_seconds_sum") and dict(labels)["http_route"] == "/events"
    )
    assert 0 < seconds < 1  # until it began


def test_head_is_answered_as_get_is(extended: Observed) -> None:
    response = extended.api.head("/v1/parts/blue/screws/5")

    assert response.status_code == 200
    assert response.headers["content-length"] == str(len('"blue 5"'))
    line = extended.line(response)
    assert (line["method"], line["route"]) == ("HEAD", "/v1/parts/{part}/screws/{screw}")


def test_head_of_a_stream_ends(extended: Observed) -> None:
    before = len(extended.service.log)
    for _ in range(2):  # on one connection
        response = extended.api.head("/events")
        assert response.headers["content-type"].startswith("text/event-stream")
        line = extended.line(response)
        assert (line["status"], line["response_bytes"]) == (200, 0)
    assert {line["event"] for line in extended.service.log[before:]} == {"request"}


def test_unknown_upgrade_is_answered_quietly(extended: Observed) -> None:
    headers = {"connection": "upgrade, http2-settings", "upgrade": "h2c", "http2-settings": "AA"}
    before = len(extended.service.log)

    response = httpx2.get(f"{extended.service.api}/bound", headers=headers)

    assert response.status_code == 200
    extended.line(response)
    assert {line["event"] for line in extended.service.log[before:]} == {"request"}


@pytest.mark.parametrize("header", ["content-length: 4", "transfer-encoding: chunked"])
def test_websocket_with_a_body_is_answered(extended: Observed, header: str) -> None:
    url = httpx2.URL(extended.service.api)
    request = f"GET /bound HTTP/1.1\r\nhost: {url.host}\r\n{HANDSHAKE}{header}\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=5) as connection:
        connection.sendall(request.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
