"""The extended service under a tracer provider that was set before, as instrumentation does it."""

import logging

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from orders.chassis import read_settings, run
from orders.settings import Settings

from .extended import application


class Shown(SpanProcessor):
    """Logs the end of each span."""

    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        assert context is not None
        extra = {"name_of_span": span.name, "of": trace.format_trace_id(context.trace_id)}
        logging.getLogger(__name__).info("a span ended", extra=extra)


if __name__ == "__main__":
    provider = TracerProvider()
    provider.add_span_processor(Shown())
    trace.set_tracer_provider(provider)
    settings = read_settings(Settings)
    run(settings, application(settings))
