"""WebSockets: ids, a limit, metrics, one line in the log each, and an end at the stop.

They are HTTP requests until they are accepted, so the pass around those hands them over.
"""

import asyncio
from asyncio import CancelledError
from time import perf_counter

import structlog

from .asgi import ASGIApp, Message, Receive, Scope, Send
from .call import Call
from .logging import Log
from .metrics import count_websocket, show_websockets
from .problems import RETRY_AFTER, send_problem
from .semantics import route_of, server_attributes
from .settings import ChassisSettings

_INTERNAL_ERROR = 1011  # RFC 6455, 7.4.1

_log = structlog.get_logger(__name__)


class WebSockets:
    """The ASGI application of WebSocket connections: `app`, its metrics and its log lines."""

    def __init__(self, app: ASGIApp, settings: ChassisSettings, log: Log) -> None:
        self.active: dict[_Session, None] = {}
        self._app = app
        self._log = log
        self._max_active = settings.max_websockets
        show_websockets(lambda: len(self.active))

    async def __call__(
        self,
        call: Call,
        root_path: str,
        scope: Scope,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
    ) -> None:
        session = _Session(call, receive, send)
        full = len(self.active) >= self._max_active
        self.active[session] = None
        try:
            if full:
                await session.refuse(503, "the service has as many WebSockets as it may have")
            else:
                await self._app(scope, session.receive, session.send)
        except CancelledError:  # noqa: ASYNC103 # our own, where the session was cut
            if not session.cut:
                raise
            if session.task is not None:
                session.task.uncancel()
        except Exception as error:
            _log.error("unhandled exception", exc_info=error)
            call.error = call.error or "500"
            await session.fail()
        finally:
            del self.active[session]
            call.name = call.name or route_of(scope, root_path)
            call.keep_context()
            session.report(scope, headers, self._log)

    async def finish(self, seconds: float) -> None:
        """Wait for the handlers of connections that are closed, for `seconds` at most."""
        tasks = [session.task for session in self.active if session.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def cut_all(self) -> int:
        """Cancel the handlers that are left when the service stops; how many there were."""
        for session in self.active:
            session.cut = True
            if session.task is not None:
                session.task.cancel()
        return len(self.active)


class _Session:
    """One WebSocket, seen from the pass around it."""

    def __init__(self, call: Call, receive: Receive, send: Send) -> None:
        self.task = asyncio.current_task()
        self.cut = False
        self._call = call
        self._receive = receive
        self._send = send
        self._status = 0
        self._code: int | None = None  # of the close
        self._received = 0  # messages
        self._sent = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._received += 1
        elif message["type"] == "websocket.disconnect":
            self._code = self._code or message["code"]
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.send":
            self._sent += 1
        elif kind == "websocket.close":
            self._code = message.get("code", 1000)
            self._status = self._status or 403  # as the server answers for a close ahead of all
        elif kind == "websocket.accept":
            self._status = 101
            name = (b"x-request-id", self._call.id.encode())
            message = {**message, "headers": [*message.get("headers", ()), name]}
        elif kind == "websocket.http.response.start":
            self._status = message["status"]
        await self._send(message)

    async def refuse(self, status: int, detail: str) -> None:
        """Answer the request with a problem in place of a connection."""

        async def send(message: Message) -> None:
            await self.send({**message, "type": f"websocket.{message['type']}"})

        await send_problem(send, status, detail, RETRY_AFTER)

    async def fail(self) -> None:
        """End what the handler did not end."""
        if self._status == 0:
            await self.refuse(500, "the service failed; its log says why")
        elif self._code is None:
            await self.send({"type": "websocket.close", "code": _INTERNAL_ERROR})

    def report(self, scope: Scope, headers: dict[bytes, bytes], log: Log) -> None:
        """Count the connection, end its span and write its log line."""
        call, client, status = self._call, scope["client"], self._status or 500
        call.error = call.error or (str(status) if status >= 500 else "")
        count_websocket(call, status, self._code)
        call.end(
            log,
            "websocket",
            "GET",
            lambda: server_attributes(scope, "GET", headers, call.name, status),
            {
                "route": call.name,
                "path": scope["path"],
                "status": status,
                "close_code": self._code,
                "duration_ms": round((perf_counter() - call.started) * 1000, 3),
                "messages_received": self._received,
                "messages_sent": self._sent,
                "client": client[0] if client else None,
            },
        )
