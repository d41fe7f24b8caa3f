"""Traces through OpenTelemetry's SDK, set up by its own `OTEL_*` variables.

Every call has a span, for its ids go into the log and into outgoing calls. It is recorded where
the caller says so in `traceparent`, and else for a share of the calls.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
import random
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, SamplingResult, TraceIdRatioBased

from .errors import StartError
from .settings import BAD_SETTINGS, FLUSH_SECONDS, ChassisSettings

try:
    from opentelemetry import propagate
except ValueError as error:  # it looks for what the variable names when it is imported
    print(f"OTEL_PROPAGATORS cannot be used: {error}", file=sys.stderr)
    raise SystemExit(BAD_SETTINGS) from None

_NO_PARENT = context.Context()
_CHOSEN = context.create_key("chosen")


class Spans:
    """Starts the span of each call; `ratio` is None where only the SDK knows what is recorded.

    With a ratio, the SDK is asked for the spans alone that are recorded: 3 µs for another, not 9.
    """

    def __init__(self, ratio: float | None) -> None:
        self._ratio = ratio
        self._tracer = trace.get_tracer(__name__)
        self._headers = frozenset(name.encode() for name in propagate.get_global_textmap().fields)

    def start(self, name: str, headers: Mapping[bytes, bytes]) -> trace.Span:
        """Begin a server's span, in the trace of the caller where it names one, as the current.

        It is never detached: the server runs each call in a context of its own.
        """
        surroundings, parent = _NO_PARENT, trace.INVALID_SPAN_CONTEXT
        if not self._headers.isdisjoint(headers):
            carrier = {
                name.decode(): headers[name].decode("latin-1")
                for name in self._headers.intersection(headers)
            }
            surroundings = propagate.extract(carrier, _NO_PARENT)
            parent = trace.get_current_span(surroundings).get_span_context()
        span: trace.Span
        if self._is_recorded(parent):
            if not parent.is_valid:
                surroundings = context.set_value(_CHOSEN, True, surroundings)
            span = self._tracer.start_span(name, surroundings, trace.SpanKind.SERVER)
        else:
            own = parent.trace_id or random.getrandbits(128)
            span = trace.NonRecordingSpan(
                trace.SpanContext(own, random.getrandbits(64), False, None, parent.trace_state)
            )
        context.attach(trace.set_span_in_context(span, surroundings))
        return span

    def _is_recorded(self, parent: trace.SpanContext) -> bool:
        if self._ratio is None:
            return True  # or not: the SDK decides
        return parent.trace_flags.sampled if parent.is_valid else random.random() < self._ratio


class _Ratio(TraceIdRatioBased):
    """The SDK's sampler for traces that begin here; those of calls were chosen before."""

    def should_sample(
        self, parent_context: context.Context | None, trace_id: int, *others: Any, **more: Any
    ) -> SamplingResult:
        if context.get_value(_CHOSEN, parent_context):
            trace_id = 0
        return super().should_sample(parent_context, trace_id, *others, **more)


@contextmanager
def tracing(settings: ChassisSettings) -> Iterator[Spans]:
    """Record spans until the end, and then send those that are left, for at most a moment."""
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    # `opentelemetry-instrument` has set a provider of its own.
    if is_disabled or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        yield Spans(None)
        return
    ratio = None if os.environ.get("OTEL_TRACES_SAMPLER") else settings.otel_traces_sampler_arg
    provider = _provider(settings, ratio)
    trace.set_tracer_provider(provider)
    try:
        yield Spans(ratio)
    finally:
        # In a thread, for a collector may take its time to answer.
        flush = threading.Thread(target=provider.shutdown, name="span-flush", daemon=True)
        flush.start()
        flush.join(FLUSH_SECONDS / 2)


def describe(settings: ChassisSettings) -> Resource:
    """What the telemetry is of: service, version, commit, instance, OTEL_RESOURCE_ATTRIBUTES."""
    return Resource.create(
        {
            "service.name": settings.otel_service_name,
            "service.version": settings.service_version,
            "vcs.ref.head.revision": settings.service_commit,
        }
    )


def _provider(settings: ChassisSettings, ratio: float | None) -> TracerProvider:
    provider = TracerProvider(
        sampler=None if ratio is None else ParentBased(_Ratio(ratio)),
        resource=describe(settings),
        shutdown_on_exit=False,  # it would wait for a collector that does not answer
    )
    if _exports(settings):
        # Here, for a start without a collector: it imports protobuf and a client of its own.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        # The exporter itself takes the variable for seconds; the specification has milliseconds.
        seconds = settings.otel_exporter_otlp_timeout / 1000
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=seconds)))
    return provider


def _exports(settings: ChassisSettings) -> bool:
    chosen = os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    if chosen not in ("otlp", "none"):
        raise StartError(f"OTEL_TRACES_EXPORTER={chosen} cannot be used: it must be otlp or none")
    own = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return chosen == "otlp" and bool(own or settings.otel_exporter_otlp_endpoint)
