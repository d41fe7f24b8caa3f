"""Follow a request by the ids that its caller sends: through response, log, trace and calls.

https://www.w3.org/TR/trace-context/
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import log
from .collector import Collector
from .instance import Instance
from .operations import Request
from .outgoing import OtherServices

_SHOWN = 100
"""Characters of a line."""


@dataclass(frozen=True)
class Ids:
    """New ones, of a caller that records its trace."""

    request_id: str = field(default_factory=lambda: secrets.token_hex(16))
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def headers(self) -> dict[str, str]:
        traceparent = f"00-{self.trace_id}-{self.span_id}-01"
        return {"traceparent": traceparent, "x_request_id": self.request_id}


def lost(instance: Instance, collector: Collector, request: Request) -> Iterator[str]:
    """Where the ids that are sent with a request get lost."""
    ids = Ids()
    response = request.send(instance.api, **ids.headers)
    if ids.request_id not in response.headers.values():
        yield "no header of the response has the X-Request-ID that was sent"
    lines = log.mentioning(instance, ids.request_id)
    if not lines:
        yield "no line of the log has the X-Request-ID that was sent"
    for line in lines:
        if ids.trace_id not in line.values():
            yield f"a line has not the trace id of the traceparent that was sent: {_shown(line)}"
    spans = collector.trace(ids.trace_id)
    if not any(it.kind == "SERVER" and it.parent == ids.span_id for it in spans):
        yield "no span is in the trace of the traceparent that was sent"


def missing(instance: Instance, request: Request) -> Iterator[str]:
    """Which ids a request does not get whose caller sends none."""
    sent = Ids()
    response = request.send(instance.api, **sent.headers)
    names = [it for it, value in response.headers.items() if value == sent.request_id]
    described = log.mentioning(instance, sent.request_id)
    fields = log.fields_of(described[0], sent.trace_id) if described else []
    if not (names and fields):
        return  # `lost` reports that
    given = request.send(instance.api).headers.get(names[0])
    lines = log.mentioning(instance, given) if given else []
    if not lines:
        yield f"without X-Request-ID, no line of the log has an id that {names[0]} has"
    if not all(line.get(fields[0]) for line in lines):
        yield f"without traceparent, a line of the log has no {fields[0]}"


def _shown(line: log.Line) -> str:
    text = json.dumps(line)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def lost_in_calls(
    instance: Instance, request: Request, others: OtherServices
) -> Iterator[tuple[str, list[str]]]:
    """The calls of other services that a request leads to, and the ids that each does not get."""
    ids = Ids()
    others.requests.clear()
    request.send(instance.api, **ids.headers)
    for call in others.requests:
        if call.method == "CONNECT":
            continue  # its headers are encrypted
        values = call.headers.values()
        found = {
            "X-Request-ID": ids.request_id in values,
            "traceparent": any(ids.trace_id in value for value in values),
        }
        yield str(call), [name for name, arrived in found.items() if not arrived]
