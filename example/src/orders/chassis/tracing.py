"""Traces through OpenTelemetry: which requests are recorded, and where the spans go.

Every request has a span, for its ids go into the log and into outgoing calls. It is recorded where
the caller says so in `traceparent`, and else for a share of the requests. The SDK reads other
`OTEL_*` variables itself, such as those of the queue and of a span's limits.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.sdk.version import __version__
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .exporter import JsonExporter
from .settings import FLUSH_SECONDS, ChassisSettings

_NO_PARENT = context.Context()
_propagator = TraceContextTextMapPropagator()


class RequestTracer:
    """Starts the span of each request.

    The SDK's tracer takes 5 µs for a span that is not recorded, as most are; here it is 2.
    """

    def __init__(self, provider: TracerProvider, ids: "_Ids", ratio: float) -> None:
        self._tracer = provider.get_tracer(__name__)
        self._ids = ids
        self._bound = TraceIdRatioBased(ratio).bound

    def start(self, method: str, headers: dict[bytes, bytes]) -> trace.Span:
        """Begin a span, in the trace of the caller where it names one, and make it the current."""
        surroundings, parent = _NO_PARENT, trace.INVALID_SPAN_CONTEXT
        if b"traceparent" in headers:
            surroundings = _extracted(headers)
            parent = trace.get_current_span(surroundings).get_span_context()
        if parent.is_valid:
            trace_id, sampled = parent.trace_id, parent.trace_flags.sampled
        else:
            trace_id = random.getrandbits(128)
            sampled = trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound
        span: trace.Span
        if sampled:
            self._ids.drawn = trace_id
            span = self._tracer.start_span(method, surroundings, trace.SpanKind.SERVER)
        else:
            span = _Unrecorded(trace_id, parent.trace_state)
        # Never detached: the server runs each request in a context of its own.
        context.attach(trace.set_span_in_context(span, surroundings))
        return span


class _Unrecorded(trace.NonRecordingSpan):
    """A span that only hands its ids on, in a context that is made when somebody asks for it."""

    def __init__(self, trace_id: int, state: trace.TraceState) -> None:
        self._trace_id = trace_id
        self._state = state
        self._made: trace.SpanContext | None = None

    def get_span_context(self) -> trace.SpanContext:
        if self._made is None:
            span_id = random.getrandbits(64)
            self._made = trace.SpanContext(self._trace_id, span_id, False, None, self._state)
        return self._made


class _Ids(RandomIdGenerator):
    """Random ids, where none was drawn before to decide by it whether a trace is recorded."""

    drawn = trace.INVALID_TRACE_ID

    def generate_trace_id(self) -> int:
        drawn, self.drawn = self.drawn, trace.INVALID_TRACE_ID
        return drawn or super().generate_trace_id()


@contextmanager
def tracing(settings: ChassisSettings) -> Iterator[RequestTracer]:
    """Record spans until the end, and then send those that are left, for at most a moment."""
    ratio, ids = settings.otel_traces_sampler_arg, _Ids()
    exporter = None
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=_resource(settings),
        id_generator=ids,
        shutdown_on_exit=False,  # it would wait for a collector that does not answer
    )
    if settings.otel_exporter_otlp_endpoint:
        exporter = JsonExporter(
            f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces",
            settings.otel_exporter_otlp_headers.get_secret_value(),
            settings.otel_exporter_otlp_timeout / 1000,
        )
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield RequestTracer(provider, ids, ratio)
    finally:
        if exporter is not None:
            exporter.shutdown()  # it sends what is left, and tries no second time
        # In a thread, for a collector may take its time to answer.
        flush = threading.Thread(target=provider.shutdown, name="span-flush", daemon=True)
        flush.start()
        flush.join(FLUSH_SECONDS / 2)


def _resource(settings: ChassisSettings) -> Resource:
    """What the spans are of, with what OTEL_RESOURCE_ATTRIBUTES adds.

    `Resource.create` gives the same, after a search through all installed packages for detectors.
    """
    own = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": __version__,
        "service.version": settings.service_version,
        "vcs.ref.head.revision": settings.service_commit,
    }
    name = {"service.name": settings.otel_service_name}
    return Resource(own).merge(OTELResourceDetector().detect()).merge(Resource(name))


def _extracted(headers: dict[bytes, bytes]) -> context.Context:
    carrier = {
        name: headers[name.encode()].decode("latin-1")
        for name in _propagator.fields
        if name.encode() in headers
    }
    return _propagator.extract(carrier, _NO_PARENT)
