"""Metrics of the requests, after OpenTelemetry's HTTP semantic conventions, and of the process.

They live in prometheus_client's own registry, as do those that the service adds with it.
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
"""

import math
import platform
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from opentelemetry.trace import format_trace_id
from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from .call import Call
from .settings import ChassisSettings

disable_created_metrics()  # type: ignore[no-untyped-call] # series that nobody asks for

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_CONTROL_GROUP = Path("/sys/fs/cgroup")
_NO_LIMIT = 2**60  # bytes; version 1 says nearly 2**63
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_ACTIVE_REQUESTS = Gauge("http_server_active_requests", "Requests that are being handled.")
_MAX_REQUESTS = Gauge(
    "http_server_max_active_requests", "Requests that may be handled at once (MAX_CONCURRENCY)."
)
_MEMORY_LIMIT = Gauge(
    "process_memory_limit_bytes", "Memory that the container may use; NaN where it has no limit."
)
_BUILD = Gauge(
    "service_build_info",
    "Always 1; the labels say what runs.",
    ("service", "version", "commit", "python_version"),
)
LOOP_LAG = Histogram(
    "event_loop_lag_seconds",
    "How much later than due the event loop ran a timer, ten times a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "How long requests took, by method, route, status and error.",
    ("http_request_method", "http_route", "http_response_status_code", "error_type"),
    buckets=SECONDS,
)
_WEBSOCKETS = Gauge("websocket_connections_active", "WebSocket connections that are open.")
_WEBSOCKETS_ENDED = Counter(
    "websocket_connections",
    "WebSocket connections that ended, by route, status of the handshake, close code and error.",
    ("http_route", "http_response_status_code", "close_code", "error_type"),
)
_CLOSE_CODES = range(1000, 1016)  # RFC 6455, 7.4; others are the applications' own


@cache  # `labels` takes longer than the sample itself
def _child(method: str, route: str, status: int, error: str) -> Histogram:
    return _DURATION.labels(method, route, status, error)


def observe_request(call: Call, method: str, status: int, seconds: float) -> None:
    """Count a request that has ended. A trace that is recorded is its exemplar."""
    exemplar = None
    if call.span.is_recording():
        exemplar = {"trace_id": format_trace_id(call.span.get_span_context().trace_id)}
    known = method if method in _METHODS else "_OTHER"
    _child(known, call.name, status, call.error).observe(seconds, exemplar)


def count_websocket(call: Call, status: int, code: int | None) -> None:
    """Count a WebSocket that has ended; `code` is None where it never was accepted."""
    shown = "" if code is None else str(code) if code in _CLOSE_CODES else "other"
    _WEBSOCKETS_ENDED.labels(call.name, status, shown, call.error).inc()


def show_websockets(count: Callable[[], int]) -> None:
    """Have the gauge of open WebSockets read from here."""
    _WEBSOCKETS.set_function(count)


def describe_process(
    settings: ChassisSettings, active_requests: Callable[[], int], dropped_lines: Callable[[], int]
) -> None:
    """Say what runs, and where the numbers are that are read only when they are asked for."""
    _ACTIVE_REQUESTS.set_function(active_requests)
    _MAX_REQUESTS.set(settings.max_concurrency)
    _MEMORY_LIMIT.set(_memory_limit())
    REGISTRY.register(_DroppedLines(dropped_lines))
    _BUILD.labels(
        settings.otel_service_name,
        settings.service_version,
        settings.service_commit,
        platform.python_version(),
    ).set(1)


def _memory_limit(control_group: Path = _CONTROL_GROUP) -> float:
    """The bytes that the control group allows, by version 2 or 1; NaN where it does not say."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = int((control_group / name).read_text("ascii"))
        except (OSError, ValueError):  # not there, or `max`
            continue
        return limit if limit < _NO_LIMIT else math.nan
    return math.nan


class _DroppedLines(Collector):
    """Reads the log's own count at each scrape."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(
            "log_lines_dropped",
            "Lines of the log that were lost because nobody took them.",
            value=self._count(),
        )
