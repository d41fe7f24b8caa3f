"""Made-up series of the service: what Prometheus would have scraped, in promtool's notation."""

from decimal import Decimal

from shipshape.monitoring import indicators
from shipshape.monitoring.objectives import Objective, Promise

from .promtool import series

SERVICE = "orders"
AVAILABILITY = Objective(name="availability", percent=Decimal("99.9"), reason="a test")
LATENCY = Objective(name="latency", percent=Decimal(99), within_seconds=0.5, reason="a test")
PROMISE = Promise(
    service=SERVICE,
    owner="@some/team",
    runbook="https://example.com/runbook",
    dashboard="https://example.com/dashboard",
    objectives=(AVAILABILITY, LATENCY),
)
"""Other objectives than the service's own, which may change at any time."""


def metric(name: str, **labels: str) -> str:
    """A series of one instance."""
    return series(name, **{"job": SERVICE, "instance": "a"} | labels)


def requests(good: str, failed: str = "", slow: str = "") -> dict[str, str]:
    """The histogram of requests: how many were answered well and soon, failed, were slow."""
    found: dict[str, str] = {}
    for status, values, soon in (
        ("200", good, good),
        ("500", failed, failed),
        ("201", slow, "0x5000"),
    ):
        if values:
            labels = {"http_route": "/things", "http_response_status_code": status}
            bucket = f"{indicators.REQUESTS}_bucket"
            found[metric(f"{indicators.REQUESTS}_count", **labels)] = values
            found[metric(bucket, **labels, le=f"{LATENCY.within_seconds}")] = soon
            found[metric(bucket, **labels, le="+Inf")] = values
    return found


def instance(**values: str) -> dict[str, str]:
    """An instance that is well, but for what is given of it, by the metric's name."""
    usual = {
        "up": "1x5000",
        "http_server_active_requests": "3x5000",
        "http_server_max_active_requests": "256x5000",
        "process_resident_memory_bytes": "100e6x5000",
        "process_memory_limit_bytes": "256e6x5000",
        "process_start_time_seconds": "1x5000",
        "log_lines_dropped_total": "0x5000",
    }
    return {metric(name): text for name, text in (usual | values).items()}


def event_loop(beats: str) -> dict[str, str]:
    """Six hundred beats of the event loop a minute, of all that there were, were in time."""
    return {
        metric("event_loop_lag_seconds_bucket", le="0.25"): "0+600x5000",
        metric("event_loop_lag_seconds_bucket", le="0.5"): f"0+{beats}x5000",
        metric("event_loop_lag_seconds_bucket", le="+Inf"): f"0+{beats}x5000",
    }
