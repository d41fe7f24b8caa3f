"""A stand-in for an OpenTelemetry collector: takes spans over HTTP, and keeps them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Attributes = dict[str, Any]

# https://github.com/open-telemetry/opentelemetry-proto, trace/v1/trace.proto
KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")
VALUES = {"stringValue": str, "boolValue": bool, "intValue": int, "doubleValue": float}


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
    """The spans of an ExportTraceServiceRequest in the JSON encoding."""
    for group in json.loads(body)["resourceSpans"]:
        resource = attributes(group["resource"])
        for span in (span for scope in group["scopeSpans"] for span in scope["spans"]):
            yield Span(
                name=span["name"],
                kind=KINDS[span["kind"]],
                trace_id=span["traceId"],
                span_id=span["spanId"],
                parent=span.get("parentSpanId", ""),
                ended=int(span["endTimeUnixNano"]),
                attributes=attributes(span),
                events=[(event["name"], attributes(event)) for event in span.get("events", [])],
                status=STATUSES[span.get("status", {}).get("code", 0)],
                resource=resource,
            )


def attributes(owner: Any) -> Attributes:
    """The attributes of a resource, a span or an event."""
    found = {}
    for pair in owner.get("attributes", []):
        [(kind, value)] = pair["value"].items()
        found[pair["key"]] = VALUES[kind](value)
    return found


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["content-length"]))
            sent = self.path, self.headers["content-type"]
            fitting = sent == ("/v1/traces", "application/json")
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
