"""What a client may ask for, for how long, and how many may at once; and all goes on after it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx2
import orjson
import pytest

from ..contract.raw import Answer, answer, connected, is_closed, metric, request
from ..service import Service, running
from .observed import eventually

MAX_BODY = 1000
MAX_REQUESTS = 2
HEAD_SECONDS = 0.5
HELLO = request("GET", "/faulty/show_cancelled")
ACTIVE = "http_server_active_requests"


@pytest.fixture(scope="module")
def hasty(storage_settings: dict[str, str]) -> Iterator[Service]:
    """A service that waits for nobody."""
    with running(
        module="tests.chassis.altered",
        **storage_settings,
        HEAD_SECONDS=HEAD_SECONDS,
        MAX_BODY_BYTES=MAX_BODY,
        REQUEST_TIMEOUT=0.5,
    ) as service:
        yield service
        assert service.terminate() == 0, service.text


@pytest.fixture(scope="module")
def small(storage_settings: dict[str, str]) -> Iterator[Service]:
    """A service for two requests at once."""
    with running(
        module="tests.chassis.altered",
        **storage_settings,
        MAX_BODY_BYTES=MAX_BODY,
        MAX_CONCURRENCY=MAX_REQUESTS,
        SECONDS_UNWATCHED=0.1,
    ) as service:
        yield service
        assert service.terminate() == 0, service.text


def assert_problem(answered: Answer, status: int) -> None:
    problem = orjson.loads(answered.body)
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.status == status == problem["status"]
    assert problem["request_id"] == answered.headers["x-request-id"]


def chunked(size: int) -> bytes:
    """A body in two chunks, whose length nobody says before."""
    half = size // 2
    return b"".join(b"%x\r\n%s\r\n" % (n, b"x" * n) for n in (half, size - half)) + b"0\r\n\r\n"


def posts(size: int) -> list[bytes]:
    """The same body with its length said before, and without."""
    return [
        request("POST", "/faulty/echo", b"x" * size, content_length=size),
        request("POST", "/faulty/echo", chunked(size), transfer_encoding="chunked"),
    ]


def test_body_at_the_limit_is_taken(hasty: Service) -> None:
    for post in posts(MAX_BODY):
        with connected(hasty) as client:
            client.sendall(post)
            taken = answer(client)
            assert (taken.status, taken.body) == (200, b"%d" % MAX_BODY)


def test_body_over_the_limit_is_refused_and_the_connection_goes_on(hasty: Service) -> None:
    for post in posts(MAX_BODY + 1):
        with connected(hasty) as client:
            client.sendall(post)
            assert_problem(answer(client), 413)
            client.sendall(HELLO)
            assert answer(client).status == 200


def test_refused_body_that_arrives_leaves_the_connection_idle(hasty: Service) -> None:
    with connected(hasty) as client:
        client.sendall(request("POST", "/faulty/echo", content_length=MAX_BODY + 1))
        assert_problem(answer(client), 413)
        client.sendall(b"x" * (MAX_BODY + 1))
        time.sleep(HEAD_SECONDS + 0.3)  # which is no reason to end it
        client.sendall(HELLO)
        assert answer(client).status == 200


def test_refused_body_may_take_its_time_and_be_longer_than_a_head(hasty: Service) -> None:
    with connected(hasty) as client:
        client.sendall(request("POST", "/faulty/echo", content_length=200_000))
        client.sendall(b"x" * 100_000)
        assert_problem(answer(client), 413)
        time.sleep(HEAD_SECONDS / 2)  # for the server looks after what it waits for
        client.sendall(b"x" * 100_000)
        client.sendall(HELLO)
        assert answer(client).status == 200


def test_refused_body_that_never_ends_ends_the_connection(hasty: Service) -> None:
    with connected(hasty) as client:
        client.sendall(request("POST", "/faulty/echo", content_length=MAX_BODY + 1))
        assert_problem(answer(client), 413)
        assert answer(client).status == 408
        assert is_closed(client)


def test_body_that_does_not_arrive_in_time(hasty: Service) -> None:
    with connected(hasty) as client:
        client.sendall(request("POST", "/faulty/echo", b"only this", content_length=100))
        assert_problem(answer(client), 408)


def test_request_that_takes_too_long_is_cancelled(hasty: Service) -> None:
    with connected(hasty) as client:
        client.sendall(request("GET", "/faulty/slow?seconds=41"))
        assert_problem(answer(client), 504)
        client.sendall(HELLO)
        assert "41.0" in orjson.loads(answer(client).body)


def test_answer_that_nobody_reads_ends_with_the_time_for_it(hasty: Service) -> None:
    with connected(hasty) as client:
        client.sendall(request("GET", "/faulty/stream?chunks=1000&size=100000"))
        eventually(lambda: errors(hasty, "/faulty/stream") == ["504"], "an end of the stream")
        received = bytearray()
        with suppress(ConnectionError):
            while data := client.recv(1_000_000):
                received += data
    assert received.startswith(b"HTTP/1.1 200 ")
    assert not received.endswith(b"0\r\n\r\n"), "the end of the body"


@pytest.mark.parametrize("path", ["/" + "x" * 9000, "/faulty/show_cancelled?" + "x" * 9000])
def test_url_that_is_too_long(hasty: Service, path: str) -> None:
    with connected(hasty) as client:
        client.sendall(request("GET", path))
        assert_problem(answer(client), 414)


@pytest.mark.parametrize("piece", [100_000, 1000], ids=["in one packet", "in many packets"])
@pytest.mark.parametrize(
    "head",
    [
        request("GET", "/livez", big="x" * 40_000),
        request("GET", "/livez", **{f"header_{number}": "x" * 30 for number in range(1000)}),
        request("GET", "/" + "x" * 40_000),
    ],
    ids=["one header", "many headers", "path"],
)
def test_head_that_is_too_large(hasty: Service, head: bytes, piece: int) -> None:
    with connected(hasty) as client:
        with suppress(ConnectionError):  # it need not read all of it
            for start in range(0, len(head), piece):
                client.sendall(head[start : start + piece])
        assert answer(client).status == 431
        assert is_closed(client)


def test_large_head_and_body_below_their_limits(hasty: Service) -> None:
    header, body = "x" * 30_000, b"x" * MAX_BODY
    with connected(hasty) as client:
        for _ in range(2):
            client.sendall(
                request("POST", "/faulty/echo", body, content_length=MAX_BODY, header=header)
            )
            assert answer(client).status == 200


def test_head_that_drips(hasty: Service) -> None:
    with connected(hasty) as client:
        with suppress(ConnectionError):
            for number in range(200):
                client.sendall(HELLO[number : number + 1] if number < 20 else b"x")
                time.sleep(0.02)
        assert answer(client).status == 408
        assert is_closed(client)


def test_connection_that_sends_nothing(hasty: Service) -> None:
    with connected(hasty) as client:
        assert answer(client).status == 408
        assert is_closed(client)


def test_one_request_more_than_may_be_at_once(small: Service) -> None:
    with ExitStack() as stack, httpx2.Client(base_url=small.api) as other:
        clients = [stack.enter_context(connected(small)) for _ in range(MAX_REQUESTS)]
        for client in clients:  # each is active until its body is whole
            client.sendall(request("POST", "/faulty/echo", content_length=1))
        eventually(lambda: metric(small, ACTIVE) == MAX_REQUESTS, "as many as may be")

        refused = other.get("/faulty/things")

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
        assert other.get("/livez").status_code == 200
        assert other.get("/readyz").status_code == 200  # else all instances would leave at once

        for client in clients:
            client.sendall(b"x")
            assert answer(client).status == 200
        assert other.get("/faulty/things").status_code == 200


def test_request_whose_client_goes_away_is_cancelled(small: Service) -> None:
    with connected(small) as client:
        client.sendall(request("GET", "/faulty/slow?seconds=42"))
        eventually(lambda: metric(small, ACTIVE) == 1, "an active request")
    eventually(lambda: statuses(small, "/faulty/slow") == [499], "a line about who went away")

    assert "42.0" in httpx2.get(f"{small.api}/faulty/show_cancelled").json()
    assert metric(small, ACTIVE) == 0


def test_body_that_comes_late_to_a_handler_that_asks_late(small: Service) -> None:
    with connected(small) as client:
        client.sendall(request("POST", "/faulty/hesitate?seconds=0.4", content_length=5))
        time.sleep(0.6)  # now both the handler and the watch for the client's departure wait
        client.sendall(b"whole")
        assert answer(client).body == b"5"


def test_body_that_arrives_before_its_handler_asks_has_the_same_limit(small: Service) -> None:
    with connected(small) as client:
        post = request("POST", "/faulty/hesitate?seconds=0.4", transfer_encoding="chunked")
        client.sendall(post + chunked(MAX_BODY + 1))
        assert_problem(answer(client), 413)


def errors(service: Service, path: str) -> list[str]:
    """The errors that were logged for a path."""
    return [line["error"] for line in service.log if line.get("path") == path]


def statuses(service: Service, path: str) -> list[int]:
    """The statuses that were logged for a path."""
    return [line["status"] for line in service.log if line.get("path") == path]
