"""One call of the service, whatever its protocol: what log line, metric and span are made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

import structlog
from opentelemetry import trace

from .logging import Log

Handler = TypeVar("Handler", bound=Callable[..., Any])

_LIMITS = "chassis_limits"
_FAILED = trace.Status(trace.StatusCode.ERROR)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may use; None stands for what the settings say."""

    body_bytes: int | None = None
    seconds: float | None = None


@dataclass(slots=True, eq=False)
class Call:
    """A call from its start to its end. Handlers find it in the ASGI scope, as `scope["chassis"]`.

    `name` is what calls are grouped by: a route's template, an operation, a method. `error` says
    why the call counts as failed, and is empty for one that does not. It becomes a label, so it
    has few values. `fields` are added to the line in the log.
    """

    id: str
    span: trace.Span
    name: str = ""
    error: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    limits: Limits | None = None
    started: float = field(default_factory=perf_counter)

    def keep_context(self) -> None:
        """Add the fields that the code has bound, while its context is still the current one."""
        if bound := structlog.contextvars.get_contextvars():
            self.fields = bound | self.fields

    def end(
        self,
        log: Log,
        event: str,
        verb: str,
        attributes: Callable[[], Mapping[str, str | int]],
        fields: dict[str, Any],
    ) -> None:
        """End the span, with a name of `verb` and `name`, and write the line `event`."""
        if self.span.is_recording():
            self.span.update_name(f"{verb} {self.name}".strip())
            self.span.set_attributes(attributes())
            if self.error:
                self.span.set_attribute("error.type", self.error)
                self.span.set_status(_FAILED)
        self.span.end()
        if self.error:
            fields["error"] = self.error
        log.write_call(event, self.id, self.span.get_span_context(), fields, self.fields)


def limits(
    *, body_bytes: int | None = None, seconds: float | None = None
) -> Callable[[Handler], Handler]:
    """Give a handler limits of its own in place of MAX_BODY_BYTES and REQUEST_TIMEOUT.

    `math.inf` is no limit.
    """

    def mark(handler: Handler) -> Handler:
        setattr(handler, _LIMITS, Limits(body_bytes, seconds))
        return handler

    return mark


def limits_of(handler: object) -> Limits | None:
    """The limits that `limits` gave a handler."""
    return getattr(handler, _LIMITS, None)
