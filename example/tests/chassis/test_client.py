"""Outgoing requests: tried again where that may help, bounded in time, and told of."""

import time

import httpx2
import pytest

from orders.chassis import client

from ..service import free_ports
from .observed import Observed
from .recorder import Answer, recording

BUSY = Answer(503)
DONE = Answer(200)


def test_busy_server_is_asked_again(api: httpx2.Client) -> None:
    with recording([BUSY, BUSY, DONE]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 200
    assert len(recorder.asked) == 3


def test_server_that_stays_busy_is_left_alone(api: httpx2.Client) -> None:
    with recording([BUSY]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 503
    assert len(recorder.asked) == 3


def test_other_errors_are_not_tried_again(api: httpx2.Client) -> None:
    with recording([Answer(500)]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 500
    assert len(recorder.asked) == 1


def test_what_may_not_be_done_twice_is_done_once(api: httpx2.Client) -> None:
    with recording([BUSY]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url, "method": "POST"})

    assert response.json() == 503
    assert len(recorder.asked) == 1


def test_server_may_say_when_to_ask_again(api: httpx2.Client) -> None:
    with recording([Answer(503, {"retry-after": "1"}), DONE]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 200
    assert response.elapsed.total_seconds() > 1


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [("2", 2, 2), ("86400", 2, 2), ("9" * 400, 2, 2), ("0", 0, 0), ("soon", 0, 1), ("²", 0, 1)],
)
def test_pause_is_bounded(said: str, least: float, most: float) -> None:
    assert least <= client._pause(0, said) <= most


def test_each_attempt_has_its_time(api: httpx2.Client) -> None:
    with recording([Answer(200, seconds=4)]) as recorder:
        started = time.monotonic()
        call = {"url": recorder.url, "method": "POST", "timeout": "0.1"}
        response = api.get("/faulty/call", params=call)
        seconds = time.monotonic() - started

    assert response.status_code == 500  # the handler does not expect the exception
    assert 0.1 <= seconds < 4  # it has not waited for the answer


def test_attempts_are_spans_and_samples(observed: Observed, api: httpx2.Client) -> None:
    with recording([BUSY, DONE]) as recorder:
        port = int(recorder.url.rpartition(":")[2])
        address = f"{recorder.url}/things?token=secret"
        response = api.get("/faulty/call", params={"url": address})

    *attempts, about = observed.spans(response)
    assert [(span.name, span.kind, span.parent) for span in attempts] == [
        ("GET", "CLIENT", about.span_id)
    ] * 2
    for number, (span, status) in enumerate(zip(attempts, (503, 200), strict=True)):
        told = {
            "http.request.method": "GET",
            "http.request.resend_count": number,
            "http.response.status_code": status,
            "server.address": "127.0.0.1",
            "server.port": port,
            "url.full": f"{recorder.url}/things",  # the query may hold secrets
        }
        assert told.items() <= span.attributes.items()
        assert sampled(observed, "GET", str(status)) >= 1
    assert [span.status for span in attempts] == ["ERROR", "UNSET"]


def test_server_that_is_not_there_is_asked_again(observed: Observed, api: httpx2.Client) -> None:
    [nowhere] = free_ports(1)
    response = api.get("/faulty/call", params={"url": f"http://127.0.0.1:{nowhere}"})

    assert response.status_code == 500
    attempts = [span for span in observed.spans(response) if span.kind == "CLIENT"]
    assert [(span.status, len(span.events)) for span in attempts] == [("ERROR", 1)] * 3
    assert sampled(observed, "GET", "") >= 3


def sampled(observed: Observed, method: str, status: str) -> float:
    """How many attempts with this outcome the metrics know of."""
    labels = {
        "http_request_method": method,
        "server_address": "127.0.0.1",
        "http_response_status_code": status,
    }
    name = "http_client_request_duration_seconds_count"
    return observed.samples()[name, frozenset(labels.items())]
