"""An OpenTelemetry collector that keeps the spans that it receives over HTTP."""

import gzip
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .gate import Gate, gate
from .servers import Handler, serving
from .spans import Span, decoded

_PATIENCE_SECONDS = 5.0
_SETTLED_SECONDS = 0.5
"""Longer than spans wait in the service."""


class Collector:
    """What has arrived so far, decoded and as it came. `gate` stands in front of it."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw = b""
        self.gate: Gate

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gate.port}"

    @property
    def settings(self) -> dict[str, str]:
        """Have the service send all spans here, and soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_TRACES_SAMPLER_ARG": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def trace(self, trace_id: str, spans: int = 1, seconds: float = 5) -> list[Span]:
        """The spans of a trace, once there are so many, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            found = [it for it in self.spans if it.trace_id == trace_id]
            if len(found) >= spans or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def since(self, count: int) -> list[Span]:
        """The spans after so many others, once there is one and no more come."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self.spans) <= count and time.monotonic() < deadline:
            time.sleep(0.02)
        self.settle()
        return self.spans[count:]

    def settle(self) -> None:
        """Wait until no span arrives for a moment."""
        arrived = -1
        while arrived < len(self.spans):
            arrived = len(self.spans)
            time.sleep(_SETTLED_SECONDS)

    @property
    def text(self) -> str:
        """What has arrived, as text to search."""
        return self.raw.decode("utf-8", "replace")

    def take(self, body: bytes) -> None:
        self.raw += body
        self.spans += list(decoded(body))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector behind a gate, until the end."""
    collector = Collector()

    class Receiver(Handler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.body()
            if self.headers["content-encoding"] == "gzip":
                body = gzip.decompress(body)
            fits = self.path == "/v1/traces"
            if fits:
                collector.take(body)
            self.answer(200 if fits else 404)

    with (
        serving(Receiver) as port,
        gate(lambda: socket.create_connection(("127.0.0.1", port))) as it,
    ):
        collector.gate = it
        yield collector
