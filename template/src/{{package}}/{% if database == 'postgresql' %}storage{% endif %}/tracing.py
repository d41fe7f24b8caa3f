"""A span for each statement, inside of the request's, where that is recorded; a sample for all.

After OpenTelemetry's database semantic conventions, without the parameters: they are users' data.
https://opentelemetry.io/docs/specs/semconv/database/postgresql/
"""

import re
from time import perf_counter
from typing import Any

from opentelemetry import trace
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from .address import Address
from .metrics import observe_statement

_FIRST_WORD = re.compile(r"[\s(]*(\w+)")
_tracer = trace.get_tracer(__name__)


def trace_statements(engine: Engine, address: Address) -> None:
    """Make spans and samples of the statements of this engine."""
    attributes: dict[str, str | int] = {
        "db.system.name": "postgresql",
        "db.namespace": address.database,
    }
    if len(address.servers) == 1:  # which of several it is changes
        attributes["server.address"], attributes["server.port"] = address.servers[0]

    def started(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        found = _FIRST_WORD.match(statement)
        operation = found[1].upper() if found else "OTHER"
        span = None
        # Asked first, for most requests are not recorded: a span of none still costs 6 µs.
        if trace.get_current_span().is_recording():
            span = _tracer.start_span(operation, kind=trace.SpanKind.CLIENT)
            span.set_attributes(attributes)
            span.set_attribute("db.operation.name", operation)
            span.set_attribute("db.query.text", statement)
        context.measured = (operation, span, perf_counter())

    def finished(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        end(context)

    def failed(failure: ExceptionContext) -> None:
        # Only its kind: what the database says of a failure holds the values of users.
        error = failure.original_exception
        end(failure.execution_context, type(error.__cause__ or error).__qualname__)

    def end(context: Any, error_type: str = "") -> None:
        # None where it did not start, or has ended: reading its rows may fail too.
        if (measured := getattr(context, "measured", None)) is None:
            return
        context.measured = None
        operation, span, started_at = measured
        observe_statement(address.database, operation, error_type, perf_counter() - started_at)
        if span is not None:
            if error_type:
                span.set_attribute("error.type", error_type)
                span.set_status(trace.StatusCode.ERROR)
            span.end()

    event.listen(engine, "before_cursor_execute", started)
    event.listen(engine, "after_cursor_execute", finished)
    event.listen(engine, "handle_error", failed)
