"""One request and its response, seen from the pass around them."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from time import perf_counter
from typing import Any

from .asgi import Headers, Message, Receive, Scope, Send
from .call import Call, Limits, limits_of
from .health import Health
from .settings import ChassisSettings

CLIENT_GONE = 499
"""The status of a request whose client did not wait for the response, as nginx has it."""

_NO_LIMITS = Limits()
_CLOSE = (b"connection", b"close")
_EVENT_STREAM = b"text/event-stream"


class Exchange:
    """Counts what goes through `receive` and `send`, and can end the work in between."""

    # As of the class until they change, which for most requests most never do.
    status = 0  # until the response begins
    received = 0
    sent = 0
    answered: float | None = None  # when the response was complete
    streaming: float | None = None  # when a stream of events began, which has no end of its own
    left = False  # the client, before the response was complete
    receiving = False
    cut_with: tuple[int, str, Headers] | None = None
    _headers: Sequence[tuple[bytes, bytes]] = ()  # of the response
    _kept: Message | None = None
    _watching: asyncio.Task[None] | None = None
    _whole = False  # the body, as far as the application has seen it

    def __init__(
        self,
        call: Call,
        task: "asyncio.Task[Any] | None",
        method: str,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        receive: Receive,
        send: Send,
        health: Health,
        settings: ChassisSettings,
    ) -> None:
        self.call = call
        self.method = method  # of the client; the application may see another
        self.path: str = scope["path"]
        self.declared = int(headers.get(b"content-length", 0))  # bytes of the body
        self.task = task
        self.scope = scope
        self._receive = receive
        self._send = send
        self._health = health
        self._max_body = settings.max_body_bytes
        self._max_seconds = settings.request_timeout

    async def receive(self) -> Message:
        """The application's `receive`: counts the body, and ends a request with too big a one."""
        self._unwatch()  # the watch must not take what the application asks for
        message, self._kept = self._kept, None
        if message is None:
            if self.declared > self.max_body:
                await self._refuse_body()
            self.receiving = not self._whole
            try:
                message = await self._receive()
            finally:
                self.receiving = False
        if message["type"] == "http.disconnect":
            self.left = self.answered is None
        self._whole = self._whole or not message.get("more_body", False)
        self.received += len(message.get("body", b""))
        if self.received > self.max_body:
            await self._refuse_body()
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """The application's `send`: notes the outcome, and names the request to the caller."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.call.id.encode())]
            if self._health.stopping:
                headers.append(_CLOSE)
            message["headers"] = self._headers = headers
        elif message["type"] == "http.response.body":
            if self.method == "HEAD" and message.get("more_body", False):
                self.cut(self.status, "")  # nobody will see the rest
                message = {"type": "http.response.body"}
            self.sent += len(message.get("body", b""))
            if message.get("more_body", False):
                if self.streaming is None and self._is_event_stream():
                    self.streaming = perf_counter()
            else:
                self.answered = perf_counter()
                self._unwatch()  # the server says of each complete response that its client left
        return self._send(message)

    @property
    def max_body(self) -> float:
        """The bytes that the body may have."""
        limit = self._limits.body_bytes
        return self._max_body if limit is None else limit

    @property
    def max_seconds(self) -> float:
        """The seconds that the response may take."""
        limit = self._limits.seconds
        return self._max_seconds if limit is None else limit

    def cut(self, status: int, detail: str, headers: Headers = ()) -> None:
        """Cancel the work. If its response has not begun, these arguments make a problem of it."""
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

    def _is_event_stream(self) -> bool:
        return any(
            name == b"content-type" and value.startswith(_EVENT_STREAM)
            for name, value in self._headers
        )

    @property
    def _limits(self) -> Limits:
        return self.call.limits or limits_of(self.scope.get("endpoint")) or _NO_LIMITS

    async def _refuse_body(self) -> None:
        self.cut(413, f"a body may have {self.max_body} bytes at most")
        await asyncio.sleep(0)  # where the cut takes effect

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
