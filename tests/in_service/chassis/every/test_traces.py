"""The spans of requests, as a collector gets them."""

import signal
from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from ..service import Service, running
from .collector import Collector, collecting
from .observed import Line, Observed, eventually

TRACE, PARENT = uuid4().hex, uuid4().hex[:16]


def test_request_is_a_span(observed: Observed, api: httpx2.Client) -> None:
    path = f"/faulty/things/{uuid4()}"
    response = api.get(path, params={"colour": "brown"}, headers={"User-Agent": "a test"})

    span = observed.span(response)
    assert (span.name, span.kind, span.parent) == ("GET /faulty/things/{thing_id}", "SERVER", "")
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/faulty/things/{thing_id}",
        "http.response.status_code": 404,
        "url.path": path,
        "url.scheme": "http",
        "client.address": "127.0.0.1",
        "user_agent.original": "a test",
        "server.address": "127.0.0.1",
        "network.protocol.version": "1.1",
    }
    assert (span.status, span.events) == ("UNSET", ())  # the fault was the caller's
    assert span.resource["service.name"] == "orders"
    assert span.resource["service.version"] == "1.2.3"


def test_request_without_a_route_is_named_by_its_method(
    observed: Observed, api: httpx2.Client
) -> None:
    span = observed.span(api.get(f"/{uuid4()}"))

    assert span.name == "GET"
    assert "http.route" not in span.attributes


def test_failure_is_recorded_once(observed: Observed, api: httpx2.Client) -> None:
    span = observed.span(api.get("/faulty/fail", params={"message": "what went wrong"}))

    assert span.status == "ERROR"
    assert span.attributes["http.response.status_code"] == 500
    assert span.attributes["error.type"] == "500"
    [(name, attributes)] = span.events
    assert name == "exception"
    assert attributes["exception.type"] == "ValueError"
    assert attributes["exception.message"] == "what went wrong"
    assert "in fail\n" in attributes["exception.stacktrace"]


def test_caller_may_keep_a_request_from_being_recorded(
    observed: Observed, api: httpx2.Client
) -> None:
    unsampled = {"traceparent": f"00-{uuid4().hex}-{PARENT}-00"}
    response = api.get("/faulty/things", headers=unsampled)
    observed.spans(api.get("/faulty/things"))  # which was sent later, and has arrived

    trace_id = observed.line(response)["trace_id"]
    assert trace_id in unsampled["traceparent"]
    assert trace_id not in {span.trace_id for span in observed.collector.spans}


@pytest.fixture(scope="module")
def ended(storage_settings: dict[str, str]) -> Iterator[tuple[Collector, httpx2.Response]]:
    """A collector, after a service that records nothing by itself has ended."""
    with collecting() as collector:
        settings = {
            **storage_settings,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_TRACES_SAMPLER_ARG": "0",
        }
        with running(module="tests.chassis.faulty", **settings) as service:
            unrecorded = httpx2.get(f"{service.api}/faulty/things")
            sampled = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            httpx2.get(f"{service.api}/faulty/things", headers=sampled)
            before_the_end = len(collector.spans)
            assert service.terminate() == 0
            assert before_the_end == 0  # it waits for more, so that only the end has it send them
        yield collector, unrecorded


def test_caller_may_have_a_request_recorded(
    ended: tuple[Collector, httpx2.Response],
) -> None:
    collector, unrecorded = ended

    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert unrecorded.headers["x-request-id"]


def test_last_spans_are_sent_at_the_end(ended: tuple[Collector, httpx2.Response]) -> None:
    span = ended[0].spans[-1]

    assert (span.name, span.parent) == ("GET /faulty/things", PARENT)


def test_nothing_is_sent_without_a_collector(service: Service) -> None:
    request_id = httpx2.get(f"{service.api}/docs").headers["x-request-id"]
    service.process.send_signal(signal.SIGUSR1)

    def look() -> list[Line]:
        return [line for line in service.log if "threads" in line]

    [stacks] = eventually(look, "a line with the stacks")
    assert not [name for name in stacks["threads"] if name.startswith("Otel")]
    # That line was written later. The ids are there all the same.
    [line] = [line for line in service.log if line.get("request_id") == request_id]
    assert len(line["trace_id"]) == 32
    assert len(line["span_id"]) == 16
