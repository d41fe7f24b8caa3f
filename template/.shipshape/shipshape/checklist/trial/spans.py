"""Spans as OpenTelemetry's exporters send them, decoded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
    """SERVER, CLIENT, INTERNAL, …"""
    trace_id: str
    span_id: str
    parent: str
    ended: int
    """Nanoseconds since the epoch."""
    attributes: Attributes
    events: tuple[tuple[str, Attributes], ...]
    status: str
    resource: Attributes

    @property
    def is_of_database(self) -> bool:
        """Whether a client of a database sent it, by OpenTelemetry's semantic conventions."""
        return self.kind == "CLIENT" and any(it.startswith("db.") for it in self.attributes)


def decoded(body: bytes) -> Iterator[Span]:
    """The spans of an ExportTraceServiceRequest."""
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = attributes(group.resource.attributes)
        for span in (span for scope in group.scope_spans for span in scope.spans):
            kind = trace_pb2.Span.SpanKind.Name(span.kind)
            status = trace_pb2.Status.StatusCode.Name(span.status.code)
            yield Span(
                name=span.name,
                kind=kind.removeprefix("SPAN_KIND_"),
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                ended=span.end_time_unix_nano,
                attributes=attributes(span.attributes),
                events=tuple((it.name, attributes(it.attributes)) for it in span.events),
                status=status.removeprefix("STATUS_CODE_"),
                resource=resource,
            )


def attributes(pairs: Iterable[KeyValue]) -> Attributes:
    """The attributes of a resource, a span or an event."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}
