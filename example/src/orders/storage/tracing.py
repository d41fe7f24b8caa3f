"""A span for each statement, inside of the request's, where that is recorded.

After OpenTelemetry's database semantic conventions, without the parameters: they are users' data.
https://opentelemetry.io/docs/specs/semconv/database/postgresql/
"""

from typing import Any

from opentelemetry import trace
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

_tracer = trace.get_tracer(__name__)


def trace_statements(engine: Engine) -> None:
    """Make spans of the statements of this engine."""
    url = engine.url
    attributes = {
        "db.system.name": "postgresql",
        "db.namespace": url.database or "",
        "server.address": url.host or "",
        "server.port": url.port or 5432,
    }

    def started(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        # Asked first, for most requests are not recorded: a span of none still costs 6 µs.
        if trace.get_current_span().is_recording():
            operation = statement.split(None, 1)[0].upper()
            context.span = _tracer.start_span(operation, kind=trace.SpanKind.CLIENT)
            context.span.set_attributes(attributes)
            context.span.set_attribute("db.operation.name", operation)
            context.span.set_attribute("db.query.text", statement)

    def finished(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if span := getattr(context, "span", None):
            span.end()

    def failed(failure: ExceptionContext) -> None:
        if span := getattr(failure.execution_context, "span", None):
            # Only its kind: what the database says of a failure holds the values of users.
            span.set_attribute("error.type", type(failure.original_exception).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
            span.end()

    event.listen(engine, "before_cursor_execute", started)
    event.listen(engine, "after_cursor_execute", finished)
    event.listen(engine, "handle_error", failed)
