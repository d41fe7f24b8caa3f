"""Gate, collector, requests from a schema, addresses."""

from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

from scripts.render import ROOT
from shipshape.checklist.trial import database, examples, operations
from shipshape.checklist.trial.collector import Collector, collecting

SCHEMA = ROOT / "example" / "schema" / "openapi.yaml"


def sent(collector: Collector, body: bytes = b"", seconds: float = 5) -> int:
    """Send a body to the collector; the status."""
    return httpx2.post(f"{collector.url}/v1/traces", content=body, timeout=seconds).status_code


def test_dependency_is_taken_away_and_comes_back() -> None:
    with collecting() as collector:
        with collector.gate.gone(), pytest.raises(httpx2.ConnectError):
            sent(collector)
        with collector.gate.hung(), pytest.raises(httpx2.ReadTimeout):
            sent(collector, seconds=0.2)
        assert sent(collector) == 200


def test_spans_are_kept() -> None:
    span = Sent(name="GET /things", kind=Sent.SPAN_KIND_SERVER, trace_id=bytes.fromhex("0a" * 16))
    body = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])]
    )
    with collecting() as collector:
        sent(collector, body.SerializeToString())

        [found] = collector.trace("0a" * 16)

    assert (found.name, found.kind) == ("GET /things", "SERVER")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000001"),
        ({"type": ["integer", "null"], "minimum": 7, "multipleOf": 5}, 10),
        ({"type": "array", "items": {"const": 3}, "minItems": 2}, [3, 3]),
        ({"enum": ["a", "b"]}, "a"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ({"allOf": [{"$ref": "#/named"}, {"required": ["a"]}]}, {"a": "text"}),
        ({"type": "object", "properties": {"optional": {}}}, {}),
        ({"example": {"any": 1}, "type": "string"}, {"any": 1}),
    ],
)
def test_value_fits_the_schema(schema: dict[str, Any], value: object) -> None:
    document = {"named": {"type": "object", "properties": {"a": {"type": "string"}}}}

    assert examples.example(document, schema) == value


def test_schema_that_contains_itself_ends() -> None:
    schema = {"type": "object", "required": ["it"], "properties": {"it": {"$ref": "#/it"}}}

    assert examples.example({"it": schema}, schema)


def test_requests_of_the_example() -> None:
    found = {str(it): it for it in operations.read(SCHEMA, {"authorization": "Bearer x"})}

    assert list(found)[:2] == ["GET /items", "POST /items"]
    assert found["POST /items"].request().body == b'{"name": "Teapot", "quantity": 3}'
    replacing = found["PUT /items/{item_id}"]
    assert replacing.request().headers["If-Match"] == "*"
    assert replacing.request().path == "/items/7d444840-9dc0-11d1-b245-5ffdce74fad2"
    assert len({replacing.request(number).path for number in range(100)}) == 100


@pytest.mark.parametrize(
    ("address", "place", "through"),
    [
        (
            "postgresql://postgres@/own?host=/tmp/postgresql-x&port=5433",
            ("/tmp/postgresql-x", 5433),
            "postgresql://postgres@127.0.0.1:9/own",
        ),
        (
            "postgresql+asyncpg://a:p%40s@example.com/own?ssl=on",  # pragma: allowlist secret
            ("example.com", 5432),
            "postgresql+asyncpg://a:p%40s@127.0.0.1:9/own?ssl=on",  # pragma: allowlist secret
        ),
    ],
)
def test_address_leads_through_the_gate(address: str, place: object, through: str) -> None:
    assert database._place(address) == place
    assert database._through(address, 9) == through
