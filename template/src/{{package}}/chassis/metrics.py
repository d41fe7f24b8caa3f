"""Metrics of the requests, after OpenTelemetry's HTTP semantic conventions, and of the process.

They live in prometheus_client's own registry, as do those that the service adds with it.
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
"""

import math
import platform
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from prometheus_client import REGISTRY, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

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


class _Requests(Collector):
    """The histogram of requests, counted by the event loop alone.

    prometheus_client's own takes a lock for each of its numbers: 3 µs a request in place of 1.
    """

    def __init__(self) -> None:
        # By method, route and status: the count of each bucket, and the sum of the seconds.
        self._counts: dict[tuple[str, str, int], list[float]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the template, such as /items/{item_id}, or empty."""
        counts = self._counts.get((method, route, status))
        if counts is None:
            bounded = method if method in _METHODS else "_OTHER"
            counts = self._counts.setdefault((bounded, route, status), [0] * (len(SECONDS) + 2))
        counts[bisect_left(SECONDS, seconds)] += 1
        counts[-1] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "How long requests took, by method, route and status.",
            labels=("http_request_method", "http_route", "http_response_status_code"),
        )
        bounds = (*map(floatToGoString, SECONDS), "+Inf")
        for (method, route, status), counts in list(self._counts.items()):
            *buckets, total = counts
            cumulated = list(zip(bounds, accumulate(buckets), strict=True))
            family.add_metric((method, route, str(status)), cumulated, total)
        yield family


_requests = _Requests()
REGISTRY.register(_requests)
observe_request = _requests.observe


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
