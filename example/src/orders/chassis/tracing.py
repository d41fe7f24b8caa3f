"""Traces through OpenTelemetry's SDK, set up by its own `OTEL_*` variables.

Every call has a span, for its ids go into the log and into outgoing calls. It is recorded where
the caller says so in `traceparent`, and else for a share of the calls.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from opentelemetry import context, propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from .errors import StartError
from .settings import FLUSH_SECONDS, ChassisSettings

_NO_PARENT = context.Context()
_tracer = trace.get_tracer(__name__)


def start_span(name: str, headers: Mapping[bytes, bytes]) -> trace.Span:
    """Begin a server's span, in the trace of the caller where it names one; make it the current.

    It is never detached: the server runs each call in a context of its own.
    """
    carrier = {text: headers[key].decode("latin-1") for text, key in _fields() if key in headers}
    surroundings = propagate.extract(carrier, _NO_PARENT) if carrier else _NO_PARENT
    span = _tracer.start_span(name, surroundings, trace.SpanKind.SERVER)
    context.attach(trace.set_span_in_context(span, surroundings))
    return span


@contextmanager
def tracing(settings: ChassisSettings) -> Iterator[None]:
    """Record spans until the end, and then send those that are left, for at most a moment."""
    try:
        _fields()
    except ValueError as error:
        raise StartError(f"OTEL_PROPAGATORS cannot be used: {error}") from None
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    # `opentelemetry-instrument` has set a provider of its own.
    if is_disabled or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        yield
        return
    provider = _provider(settings)
    trace.set_tracer_provider(provider)
    try:
        yield
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


def _provider(settings: ChassisSettings) -> TracerProvider:
    by_default = ParentBased(TraceIdRatioBased(settings.otel_traces_sampler_arg))
    provider = TracerProvider(
        sampler=None if os.environ.get("OTEL_TRACES_SAMPLER") else by_default,
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


@cache
def _fields() -> tuple[tuple[str, bytes], ...]:
    """The headers that carry a trace and its baggage, as OTEL_PROPAGATORS says."""
    return tuple((name, name.encode()) for name in propagate.get_global_textmap().fields)
