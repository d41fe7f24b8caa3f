"""uvicorn's HTTP protocol, with bounds on what a client may hold before its request counts.

uvicorn itself bounds neither the size of a request's head nor the time that it takes to arrive.
"""

from asyncio import BaseTransport
from time import monotonic

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32_768
HEAD_SECONDS = 10.0

_OF_BODY = (b"content-length", b"transfer-encoding")


class HeadTooLargeError(Exception):
    """The parser turns it into a bad request, which `send_400_response` answers."""


class Connection(HttpToolsProtocol):
    """One connection; `sweep` ends it where its client keeps it waiting."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._piece = 0  # bytes that came at once
        self._head = 0  # bytes of a head that is not whole yet
        self._in_head = True
        self._waits_since: float | None = monotonic()

    def data_received(self, data: bytes) -> None:
        self._piece = len(data)
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MAX_HEAD_BYTES and self._is_idle():
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._waits_since = monotonic()
        self._in_head = True
        self._head = -self._piece  # an unknown part of this piece was of the request before

    def on_headers_complete(self) -> None:
        # Measured only where it can be too large: most come whole, in one small piece.
        if self._piece > MAX_HEAD_BYTES or self._head != -self._piece:
            self._head = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if self._head > MAX_HEAD_BYTES:
                raise HeadTooLargeError
        self._head = 0
        self._in_head = False
        self._waits_since = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.cycle is not None:  # there is none for a WebSocket
            self.cycle.more_body = False  # uvicorn leaves it True if the answer was there first
        self._waits_since = None

    def send_400_response(self, msg: str) -> None:
        if self._head > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")
        else:
            super().send_400_response(msg)

    def _should_upgrade(self) -> bool:
        """Not with a body: the WebSocket would wait for the rest of its handshake for ever."""
        has_body = any(name in _OF_BODY for name, _ in self.headers)
        return super()._should_upgrade() and not has_body

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a client may ask for what is not there, and is answered over HTTP/1.1."""

    def sweep(self, now: float) -> None:
        """End the connection of a client that is too slow with a head, or with a refused body."""
        if self._waits_since is None:
            if self.cycle.response_complete and self.cycle.more_body:
                self._waits_since = now
        elif now - self._waits_since > HEAD_SECONDS and self._is_idle():
            self._refuse(b"408 Request Timeout")

    def _is_idle(self) -> bool:
        """Whether no answer is awaited, in whose place another would be taken for it."""
        cycle = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete  # type: ignore[redundant-expr]

    def _refuse(self, status: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status
            )
            self.transport.close()
