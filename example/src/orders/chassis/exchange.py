"""One request and its answer, seen from the pass around them."""

import asyncio
from collections.abc import Awaitable
from time import perf_counter

from .asgi import Headers, Message, Receive, Scope, Send
from .health import Health

CLIENT_GONE = 499
"""Told of a request whose client did not wait for the answer, as nginx tells it."""

_CLOSE = (b"connection", b"close")


class Exchange:
    """Counts what goes through `receive` and `send`, and can end the work in between."""

    # As of the class until they change, which for most requests most never do.
    status = 0  # until the answer begins
    received = 0
    sent = 0
    answered: float | None = None  # when its response was complete
    left = False  # the client, before its answer was whole
    receiving = False
    cut_with: tuple[int, str, Headers] | None = None
    _kept: Message | None = None
    _watching: asyncio.Task[None] | None = None
    _whole = False  # the body, as far as the application has seen it

    def __init__(
        self,
        request_id: str,
        scope: Scope,
        receive: Receive,
        send: Send,
        health: Health,
        max_body: int,
    ) -> None:
        self.started = perf_counter()
        self.request_id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.task = asyncio.current_task()
        self._receive = receive
        self._send = send
        self._health = health
        self._max_body = max_body

    async def receive(self) -> Message:
        """The application's `receive`: counts the body, and ends a request with too big a one."""
        self._unwatch()  # the watch must not take what the application asks for
        message, self._kept = self._kept, None
        if message is None:
            self.receiving = not self._whole
            try:
                message = await self._receive()
            finally:
                self.receiving = False
        if message["type"] == "http.disconnect":
            self.left = self.answered is None
        self._whole = self._whole or not message.get("more_body", False)
        self.received += len(message.get("body", b""))
        if self.received > self._max_body:
            self.cut(413, f"a body may have {self._max_body} bytes at most")
            await asyncio.sleep(0)  # where the cut takes effect
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """The application's `send`: notes the outcome, and names the request to the caller."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], (b"x-request-id", self.request_id.encode())]
            if self._health.stopping:
                headers.append(_CLOSE)
            message["headers"] = headers
        else:
            self.sent += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.answered = perf_counter()
                self._unwatch()  # the server says of each complete response that its client left
        return self._send(message)

    def cut(self, status: int, detail: str, headers: Headers = ()) -> None:
        """Cancel the work. Where its answer has not begun, these arguments make a problem of it."""
        if self.cut_with is None and self.task is not None:
            self.cut_with = (status, detail, headers)
            self.task.cancel()

    def watch(self) -> None:
        """From now on, cut the request when its client goes away.

        Not from the start, for a task of its own would cost each request 5 µs; and not while the
        application reads the body, which would notice by itself.
        """
        if not (self._watching or self._kept or self.receiving or self.answered):
            self._watching = asyncio.create_task(self._await_departure())

    def close(self) -> None:
        """The request is over."""
        self._unwatch()

    def _unwatch(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _await_departure(self) -> None:
        message = await self._receive()
        if message["type"] == "http.request":
            self._kept = message  # of a body that the application may yet ask for
            if message.get("more_body", False):
                return
            message = await self._receive()
        if message["type"] == "http.disconnect":
            self.cut(CLIENT_GONE, "")
