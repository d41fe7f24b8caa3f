"""What the running service tells of the requests that a test has sent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ..service import PATIENCE_SECONDS, Service
from .collector import Collector
from shipshape.checklist.trial.spans import Span

Found = TypeVar("Found")
Line = dict[str, Any]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def eventually(look: Callable[[], Found], what: str) -> Found:
    """What `look` finds, once it finds something: logs and spans come a moment later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.01)
    pytest.fail(f"there never was {what}")


@dataclass(frozen=True)
class Observed:
    """A service, clients of its two ports, and the collector that it sends its spans to."""

    service: Service
    api: httpx2.Client
    management: httpx2.Client
    collector: Collector

    def samples(self) -> Samples:
        """The values of all metrics, by name and labels."""
        exposition = self.management.get("/metrics").text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(exposition)
            for sample in family.samples
        }

    def lines(self, response: httpx2.Response) -> list[Line]:
        """What was logged while a request was handled; the line about it is the last."""
        request_id = response.headers["x-request-id"]

        def look() -> list[Line]:
            lines = [line for line in self.service.log if line.get("request_id") == request_id]
            return lines if any(line["event"] == "request" for line in lines) else []

        return eventually(look, f"a line about the request {request_id}")

    def line(self, response: httpx2.Response) -> Line:
        """The line about a request."""
        return self.lines(response)[-1]

    def spans(self, response: httpx2.Response) -> list[Span]:
        """The spans of a request's trace, in the order of their ends."""
        line = self.line(response)

        def look() -> list[Span]:
            spans = [span for span in self.collector.spans if span.trace_id == line["trace_id"]]
            if all(span.span_id != line["span_id"] for span in spans):
                return []
            return sorted(spans, key=lambda span: span.ended)  # they are sent in another order

        return eventually(look, f"a span of the trace {line['trace_id']}")

    def span(self, response: httpx2.Response) -> Span:
        """The span of a request itself."""
        span_id = self.line(response)["span_id"]
        return next(span for span in self.spans(response) if span.span_id == span_id)
