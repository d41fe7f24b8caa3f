"""uvicorn's HTTP protocol, with bounds on what a client may hold before its request counts.

uvicorn itself bounds neither the size of a request's head nor the time that it takes to arrive.
"""

from asyncio import BaseTransport
from time import monotonic

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32_768
HEAD_SECONDS = 10.0


class HeadTooLargeError(Exception):
    """The parser turns it into a bad request, which `send_400_response` answers."""


class Connection(HttpToolsProtocol):
    """One connection; `sweep` ends it where its client keeps it waiting."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._head_bytes = 0
        self._waits_since: float | None = monotonic()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._waits_since is None:
            self._head_bytes = 0
        elif self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._waits_since = monotonic()

    def on_headers_complete(self) -> None:
        # The bytes so far may hold a body too, so only where they are many the head is measured.
        if self._head_bytes > MAX_HEAD_BYTES:
            head = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if head > MAX_HEAD_BYTES:
                raise HeadTooLargeError
        self._waits_since = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.cycle.more_body = False  # uvicorn leaves it True where the answer was there first

    def send_400_response(self, msg: str) -> None:
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")
        else:
            super().send_400_response(msg)

    def sweep(self, now: float) -> None:
        """End the connection of a client that is too slow with a head, or with a refused body."""
        if self._waits_since is None:
            if self.cycle.response_complete and self.cycle.more_body:
                self._waits_since = now
        elif now - self._waits_since > HEAD_SECONDS:
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status
            )
            self.transport.close()
