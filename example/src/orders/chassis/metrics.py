"""Metrics of the requests, after OpenTelemetry's HTTP semantic conventions."""

import platform

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from .settings import ChassisSettings

# https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The registry that `/metrics` shows, and the metrics that the chassis keeps in it."""

    def __init__(self, settings: ChassisSettings) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "How long requests took, by method, route and status.",
            ("http_request_method", "http_route", "http_response_status_code"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._active = Gauge(
            "http_server_active_requests",
            "Requests that are being handled.",
            registry=self.registry,
        )
        self.active_requests = 0
        self._active.set_function(lambda: self.active_requests)
        build = Gauge(
            "service_build_info",
            "Always 1; the labels say what runs.",
            ("service", "version", "commit", "python_version"),
            registry=self.registry,
        )
        build.labels(
            settings.otel_service_name,
            settings.service_version,
            settings.service_commit,
            platform.python_version(),
        ).set(1)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the template, such as /items/{item_id}, or empty."""
        bounded = method if method in _METHODS else "_OTHER"
        self._requests.labels(bounded, route, str(status)).observe(seconds)
