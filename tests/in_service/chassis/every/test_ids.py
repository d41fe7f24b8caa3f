"""The ids of a request: taken over where they are sane, else made anew, the same everywhere."""

import re
import socket
from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.chassis.requests import _request_id

from ..service import PATIENCE_SECONDS
from .observed import Observed
from .recorder import Answer, recording

OWN_ID = re.compile(r"[0-9a-f]{32}")
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
TRACE, PARENT = uuid4().hex, uuid4().hex[:16]


class Connection:
    """A connection to the service that says whatever one likes, as no sane client would."""

    def __init__(self, api: str) -> None:
        self.host, port = api.removeprefix("http://").split(":")
        self._socket = socket.create_connection((self.host, int(port)), PATIENCE_SECONDS)
        self._answers = self._socket.makefile("rb")

    def ask(self, *headers: tuple[bytes, bytes]) -> tuple[int, dict[str, str]]:
        """Send these headers; the status and the headers of the answer."""
        lines = [b"GET /no/such/path HTTP/1.1", *(name + b": " + value for name, value in headers)]
        self._socket.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        status = int(self._answers.readline().split()[1])
        found = {}
        while line := self._answers.readline().strip():
            name, _, value = line.decode().partition(": ")
            found[name] = value
        self._answers.read(int(found["content-length"]))
        return status, found

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


@pytest.fixture
def connection(observed: Observed) -> Iterator[Connection]:
    """A connection to the service."""
    connection = Connection(observed.service.api)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"with spaces in it",
        b'{"level": "error"}',
        b"x" * 10_000,
        "é".encode() * 8,
        b"\xff" * 8,
        b"forged\tline",
        b"",
    ],
    ids=["spaces", "quotes", "10 kB", "UTF-8", "no UTF-8", "tab", "empty"],
)
def test_hostile_id_is_replaced(connection: Connection, sent: bytes) -> None:
    status, headers = connection.ask((b"Host", b"localhost"), (b"X-Request-ID", sent))

    assert status == 404
    assert OWN_ID.fullmatch(headers["x-request-id"])


@pytest.mark.parametrize("sent", [b"a line\nforged: yes", b"nothing\x00more", b"\x1b[31mred"])
def test_control_characters_do_not_come_through(
    observed: Observed, connection: Connection, sent: bytes
) -> None:
    status, headers = connection.ask((b"Host", b"localhost"), (b"X-Request-ID", sent))

    # What the parser of HTTP lets pass is replaced.
    assert status == 400 or OWN_ID.fullmatch(headers["x-request-id"])
    assert "forged" not in headers
    assert "\x1b" not in observed.service.text


def test_ids_are_the_same_wherever_they_are_told(observed: Observed, api: httpx2.Client) -> None:
    sent = {
        "X-Request-ID": f"caller.{uuid4().hex}",
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "tracestate": "vendor=value",
        "baggage": "tenant=blue",
    }
    with recording([Answer(200)]) as recorder:
        called = api.get("/faulty/call", params={"url": recorder.url}, headers=sent)
        failed = api.get("/faulty/fail", params={"message": "why"}, headers=sent)

    assert called.headers["x-request-id"] == sent["X-Request-ID"]
    assert failed.json()["request_id"] == sent["X-Request-ID"]
    for line in observed.lines(called):
        assert (line["request_id"], line["trace_id"]) == (sent["X-Request-ID"], TRACE)
    assert observed.span(called).parent == observed.span(failed).parent == PARENT
    [outgoing] = [span for span in observed.spans(called) if span.kind == "CLIENT"]
    [asked] = recorder.asked
    assert asked["baggage"] == sent["baggage"]
    assert asked["x-request-id"] == sent["X-Request-ID"]
    assert asked["traceparent"] == f"00-{TRACE}-{outgoing.span_id}-01"
    assert asked["tracestate"] == sent["tracestate"]


def test_answer_of_the_framework_has_the_id_too(api: httpx2.Client) -> None:
    for response in (
        api.get("/no/such/path"),
        api.post("/faulty/things"),
        api.delete("/faulty/things"),
    ):
        assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{PARENT}",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}X-{PARENT}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-xx",
    ],
)
def test_bad_traceparent_is_ignored(observed: Observed, api: httpx2.Client, sent: str) -> None:
    span = observed.span(api.get("/no/such/path", headers={"traceparent": sent}))

    assert span.parent == ""
    assert span.trace_id != TRACE


def test_requests_without_ids_get_their_own(observed: Observed, api: httpx2.Client) -> None:
    responses = [api.get("/no/such/path") for _ in range(3)]

    lines = [observed.line(response) for response in responses]
    for name in ("request_id", "trace_id", "span_id"):
        assert len({line[name] for line in lines}) == 3


# Whatever a header may hold, but for the end of its line, which would be the end of the header.
VALUES = st.binary(max_size=80).map(lambda value: value.translate(None, b"\r\n\0"))
NAMES = ("host", "traceparent", "tracestate", "user-agent", "x-request-id", "cookie")


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(NAMES).map(str.encode), VALUES), max_size=6))
def test_no_header_makes_a_request_fail(
    observed: Observed, headers: list[tuple[bytes, bytes]]
) -> None:
    connection = Connection(observed.service.api)
    try:
        status, answered = connection.ask(*headers)
    finally:
        connection.close()

    # The parser of HTTP refuses some before the service sees them.
    assert status == 400 or (status == 404 and SAFE_ID.fullmatch(answered["x-request-id"]))


def test_no_header_has_made_a_request_fail(observed: Observed, api: httpx2.Client) -> None:
    observed.lines(api.get("/no/such/path"))

    errors = [line for line in observed.service.log if line["logger"] == "uvicorn.error"]
    assert {line["event"] for line in errors} <= {"Invalid HTTP request received."}


@given(st.one_of(st.binary(), st.from_regex(SAFE_ID.pattern).map(str.encode)))
def test_id_is_kept_or_made_anew(sent: bytes) -> None:
    identifier = _request_id({b"x-request-id": sent})

    assert SAFE_ID.fullmatch(identifier)
    assert identifier.encode() == sent or OWN_ID.fullmatch(identifier)
