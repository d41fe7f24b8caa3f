"""A stand-in for an OpenTelemetry collector: takes spans over HTTP, and keeps them."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

Attributes = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """A span as it was sent. `events` are the names and attributes of what happened in it."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    ended: int
    attributes: Attributes
    events: list[tuple[str, Attributes]]
    status: str
    resource: Attributes


class Collector:
    """What has arrived so far, decoded and raw."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.raw = b""

    def take(self, body: bytes) -> None:
        self.raw += body
        self.spans += list(decoded(body))  # all at once, for another thread reads it


def decoded(body: bytes) -> Iterator[Span]:
    """The spans of an ExportTraceServiceRequest."""
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = attributes(group.resource.attributes)
        for span in (span for scope in group.scope_spans for span in scope.spans):
            yield Span(
                name=span.name,
                kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                ended=span.end_time_unix_nano,
                attributes=attributes(span.attributes),
                events=[(event.name, attributes(event.attributes)) for event in span.events],
                status=trace_pb2.Status.StatusCode.Name(span.status.code).removeprefix(
                    "STATUS_CODE_"
                ),
                resource=resource,
            )


def attributes(pairs: Iterable[KeyValue]) -> Attributes:
    """The attributes of a resource, a span or an event."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["content-length"]))
            sent = self.path, self.headers["content-type"]
            fitting = sent == ("/v1/traces", "application/x-protobuf")
            if fitting:
                collector.take(body)
            self.send_response(200 if fitting else 400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield collector
        finally:
            server.shutdown()
