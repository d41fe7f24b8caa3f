"""The way of the spans to a collector, which may not want them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from orders.chassis import exporter
from orders.chassis.exporter import JsonExporter

from ..service import PATIENCE_SECONDS
from .collector import collecting
from .recorder import Answer, recording

OK, FAILED = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(exporter, "_PAUSES", (0.01, 0.01, 0.01))
        yield


def exported(url: str, timeout: float = PATIENCE_SECONDS, **attributes: Any) -> SpanExportResult:
    """Export a span with these attributes, and a header."""
    kept: list[SpanExportResult] = []

    class Keeping(JsonExporter):
        def export(self, spans: Any) -> SpanExportResult:
            kept.append(super().export(spans))
            return kept[-1]

    provider = TracerProvider(shutdown_on_exit=False)
    keeping = Keeping(f"{url}/v1/traces", "a=b%20c", timeout)
    provider.add_span_processor(SimpleSpanProcessor(keeping))
    provider.get_tracer("test").start_span("a span", attributes=attributes).end()
    return kept[0]


def test_values_arrive_as_they_were() -> None:
    values: dict[str, Any] = {"text": "é \n", "yes": True, "number": 2**40, "part": 0.5}
    with collecting() as collector:
        assert exported(collector.url, **values) is OK

    assert collector.spans[0].attributes == values


def test_what_json_cannot_say_costs_no_span() -> None:
    with collecting() as collector:
        assert exported(collector.url, text="half \ud800") is OK

    assert collector.spans[0].attributes["text"].startswith("half ")


def test_headers_are_sent() -> None:
    with recording([Answer(200)]) as recorder:
        exported(recorder.url)

    assert recorder.asked[0]["a"] == "b c"


@pytest.mark.parametrize(
    ("answers", "asked", "result"),
    [
        ([Answer(503), Answer(429), Answer(200)], 3, OK),
        ([Answer(503)], 4, FAILED),
        ([Answer(400)], 1, FAILED),
    ],
)
def test_collector_is_asked_again_where_that_may_help(
    answers: list[Answer], asked: int, result: SpanExportResult
) -> None:
    with recording(answers) as recorder:
        assert exported(recorder.url) is result

    assert len(recorder.asked) == asked


def test_collector_that_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "_PAUSES", ())
    started = time.monotonic()
    with recording([Answer(200, seconds=4)]) as recorder:
        assert exported(recorder.url, timeout=0.1) is FAILED

    assert time.monotonic() - started < 4  # it has not waited for the answer
