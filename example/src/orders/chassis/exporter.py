"""Sends spans to an OpenTelemetry collector, as OTLP over HTTP in its JSON encoding.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
https://opentelemetry.io/docs/specs/otel/protocol/exporter/

OpenTelemetry's own exporter makes protobuf messages in Python: 38 µs for each span, here it is 15.
"""

import json
import threading
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_WORTH_A_RETRY = frozenset({429, 502, 503, 504})
_PAUSES = (1.0, 2.0, 4.0)

_log = structlog.get_logger(__name__)


class JsonExporter(SpanExporter):
    """The end of a span processor. `headers` are as in OTEL_EXPORTER_OTLP_HEADERS: `a=1,b=2`."""

    def __init__(self, url: str, headers: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._headers = {"content-type": "application/json"}
        for header in filter(None, headers.split(",")):
            name, _, value = header.partition("=")
            self._headers[name.strip()] = unquote(value.strip())
        self._closed = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans, some times over where that may help; called in the processor's thread."""
        request = _request(spans)
        try:
            body = orjson.dumps(request)
        except TypeError:  # for half a surrogate pair in a text, which the standard library escapes
            body = json.dumps(request).encode()
        reason = self._post(body)
        for pause in _PAUSES:
            if reason is None:
                return SpanExportResult.SUCCESS
            if reason.startswith("refused") or self._closed.wait(pause):
                break
            reason = self._post(body)
        _log.warning("spans were lost", count=len(spans), reason=reason)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._closed.set()

    def _post(self, body: bytes) -> str | None:
        """Why the collector did not take it, or None."""
        request = urllib.request.Request(self._url, body, self._headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout):
                return None
        except HTTPError as error:
            with error:  # it is an answer, too, with a socket to close
                again = error.code in _WORTH_A_RETRY
                return f"{'unavailable' if again else 'refused'}: status {error.code}"
        except (OSError, HTTPException) as error:
            return f"unreachable: {error}"


def _request(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """An ExportTraceServiceRequest; the spans of one process share their resource."""
    scopes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in spans:
        scope = span.instrumentation_scope
        scopes[scope.name if scope else ""].append(_span(span))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(spans[0].resource.attributes)},
                "scopeSpans": [
                    {"scope": {"name": name}, "spans": spans} for name, spans in scopes.items()
                ],
            }
        ]
    }


def _span(span: ReadableSpan) -> dict[str, Any]:
    own = span.get_span_context() or trace.INVALID_SPAN_CONTEXT
    encoded = {
        **_identifiers(own),
        "name": span.name,
        "kind": span.kind.value + 1,  # OTLP counts from "unspecified", the API from "internal"
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _attributes(span.attributes or {}),
    }
    if span.parent:
        encoded["parentSpanId"] = f"{span.parent.span_id:016x}"
    if span.status.status_code is not trace.StatusCode.UNSET:
        encoded["status"] = {
            "code": span.status.status_code.value,
            "message": span.status.description or "",
        }
    if events := span.events:
        encoded["events"] = [
            {
                "name": event.name,
                "timeUnixNano": str(event.timestamp),
                "attributes": _attributes(event.attributes or {}),
            }
            for event in events
        ]
    if links := span.links:
        encoded["links"] = [
            {**_identifiers(link.context), "attributes": _attributes(link.attributes or {})}
            for link in links
        ]
    return encoded


def _identifiers(context: trace.SpanContext) -> dict[str, Any]:
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "traceState": context.trace_state.to_header(),
        "flags": context.trace_flags,
    }


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    """An AnyValue."""
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": _attributes(value)}}
    if isinstance(value, Sequence):
        return {"arrayValue": {"values": [_value(part) for part in value]}}
    return {"stringValue": str(value)}
