"""The variables of OpenTelemetry, as it specifies them, and its automatic instrumentation."""

from uuid import uuid4

import httpx2
import pytest

from ..service import Service, refused_start, running
from .collector import collecting
from .observed import Line, eventually

MODULE = "tests.chassis.extended"
TRACE = uuid4().hex
CALLER = {"traceparent": f"00-{TRACE}-{uuid4().hex[:16]}-01"}


def line_of(service: Service, response: httpx2.Response) -> Line:
    """The line about a request."""
    identifier = response.headers["x-request-id"]
    return eventually(
        lambda: [line for line in service.log if line.get("request_id") == identifier], "a line"
    )[0]


@pytest.mark.parametrize(
    ("variables", "ids", "spans"),
    [
        ({}, True, 1),
        ({"OTEL_SDK_DISABLED": "true"}, False, 0),
        ({"OTEL_TRACES_EXPORTER": "none"}, True, 0),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, True, 0),
        ({"OTEL_TRACES_SAMPLER": "always_on", "OTEL_TRACES_SAMPLER_ARG": "0"}, True, 1),
    ],
)
def test_what_is_recorded(
    storage_settings: dict[str, str], variables: dict[str, str], ids: bool, spans: int
) -> None:
    with collecting() as collector:
        settings = {"OTEL_TRACES_SAMPLER_ARG": 1, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with running(module=MODULE, **{**storage_settings, **settings, **variables}) as service:
            line = line_of(service, httpx2.get(f"{service.api}/bound"))
            assert service.terminate() == 0  # which sends what is left
        assert ("trace_id" in line) is ids
        assert len(collector.spans) == spans


def test_address_of_the_traces_alone(storage_settings: dict[str, str]) -> None:
    with collecting() as collector:
        settings = {
            "OTEL_TRACES_SAMPLER_ARG": 1,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        }
        with running(module=MODULE, **storage_settings, **settings) as service:
            line = line_of(service, httpx2.get(f"{service.api}/bound"))
            assert service.terminate() == 0
    [span] = collector.spans
    resource = span.resource
    assert resource["deployment.environment.name"] == "test"
    assert resource["service.instance.id"] == line["instance"]


@pytest.mark.parametrize(("propagators", "continued"), [("tracecontext", True), ("none", False)])
def test_which_headers_carry_a_trace(
    storage_settings: dict[str, str], propagators: str, continued: bool
) -> None:
    settings = {**storage_settings, "OTEL_PROPAGATORS": propagators}
    with running(module=MODULE, **settings) as service:
        line = line_of(service, httpx2.get(f"{service.api}/bound", headers=CALLER))
    assert (line["trace_id"] == TRACE) is continued


def test_unknown_propagator_stops_the_start(storage_settings: dict[str, str]) -> None:
    status, text = refused_start(**storage_settings, OTEL_PROPAGATORS="b4")

    assert (status, len(text.splitlines())) == (2, 1)
    assert text.startswith("OTEL_PROPAGATORS cannot be used: Propagator b4 not found")


def test_instrumentation_that_was_there_before_is_used(storage_settings: dict[str, str]) -> None:
    """`opentelemetry-instrument` sets a provider before the service starts."""
    with running(module="tests.chassis.instrumented", **storage_settings) as service:
        line = line_of(service, httpx2.get(f"{service.api}/bound"))
        spans = eventually(
            lambda: [line for line in service.log if line["event"] == "a span ended"], "a span"
        )
        assert service.terminate() == 0
        log = service.log

    assert (spans[0]["name_of_span"], spans[0]["of"]) == ("GET /bound", line["trace_id"])
    assert {line["level"] for line in log} == {"info"}
