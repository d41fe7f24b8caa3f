"""The one pass around every HTTP request: its ids, limits, outcome, metric, span and log line.

One pass and not a stack of middleware, for each layer costs every request: a no-op one 1 %, one
of Starlette's BaseHTTPMiddleware 60 % of what a bare application can serve.
"""

import asyncio
import random
import re
from asyncio import CancelledError
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any
from urllib.parse import quote

import structlog

from .asgi import ASGIApp, Headers, Receive, Scope, Send
from .call import Call
from .context import request_id
from .exchange import CLIENT_GONE, Exchange
from .health import PATHS, Health
from .logging import Log, exception_attributes
from .metrics import observe_request
from .problems import RETRY_AFTER, send_problem
from .semantics import route_of, server_attributes
from .settings import ChassisSettings
from .tracing import Spans
from .websockets import WebSockets

MAX_URL_BYTES = 8_192

_KEPT_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_SECONDS_UNWATCHED = 1.0

_Ended = tuple[Exchange, str, Scope, dict[bytes, bytes], float]

_log = structlog.get_logger(__name__)


class Requests:
    """The serving port's ASGI application: probes, and `app` with everything around it."""

    def __init__(
        self, app: ASGIApp, settings: ChassisSettings, health: Health, log: Log, spans: Spans
    ) -> None:
        self.active: dict[Exchange, None] = {}  # the oldest first
        self.websockets = WebSockets(app, settings, log)
        self._cors = _cors(settings)
        self._app = self._cors(app) if self._cors else app
        self._health = health
        self._log = log
        self._ended: list[_Ended] = []  # without metric and log line yet
        self._spans = spans
        self._settings = settings
        self._loop = asyncio.get_running_loop()  # to ask for it costs a system call
        self._root_path = settings.root_path
        self._max_active = settings.max_concurrency
        self._max_background_seconds = settings.background_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._app(scope, receive, send)
            return
        if kind == "http" and scope["path"] in PATHS:
            await self._health.answer(scope, send)
            return
        headers = dict(scope["headers"])
        method: str = scope.get("method", "GET")  # none in a WebSocket's
        call = Call(_request_id(headers), self._spans.start(method, headers))
        request_id.set(call.id)
        root_path = scope["root_path"] or self._root_path
        inner = scope
        if root_path or method == "HEAD":
            inner = {**scope, "root_path": root_path}
            _enter(inner)
        inner["chassis"] = call
        if kind == "websocket":
            await self.websockets(call, root_path, inner, headers, receive, send)
            return
        if method == "HEAD":
            inner["method"] = "GET"  # the server leaves the body out
        task = asyncio.current_task(self._loop)
        exchange = Exchange(
            call, task, method, inner, headers, receive, send, self._health, self._settings
        )
        try:
            refusal = self._refusal(scope)
            self.active[exchange] = None
            if refusal is None:
                await self._app(inner, exchange.receive, exchange.send)
            else:
                await self._answer(exchange, *refusal)
        except CancelledError:  # noqa: ASYNC103 # our own, where the exchange was cut
            if exchange.cut_with is None:
                raise
            if exchange.task is not None:
                exchange.task.uncancel()
            if exchange.answered is not None and method != "HEAD":
                seconds = round(perf_counter() - exchange.answered, 3)
                _log.warning(
                    "work after the response was cancelled", path=exchange.path, seconds=seconds
                )
            await self._conclude(exchange, *exchange.cut_with)
        except Exception as error:
            _log.error("unhandled exception", exc_info=error)
            call.span.record_exception(error, exception_attributes(error))
            await self._conclude(exchange, 500, "the service failed; its log says why")
        finally:
            self.active.pop(exchange, None)
            exchange.close()
            call.name = call.name or route_of(inner, root_path)
            call.keep_context()
            self._ended.append((exchange, method, scope, headers, perf_counter()))
            if len(self._ended) == 1:
                self._loop.call_soon(self._report_all)

    def is_full(self) -> bool:
        """Whether there are as many requests as may be handled at once."""
        return len(self.active) >= self._max_active

    def sweep(self) -> None:
        """Cut what takes too long, and see for the rest whether somebody still waits for it."""
        now = perf_counter()
        for exchange in self.active:
            seconds = now - exchange.call.started
            if exchange.answered is not None:
                if now - exchange.answered > self._max_background_seconds:
                    exchange.cut(503, "")  # which nobody sees: the response was sent
            elif exchange.streaming is None and seconds > exchange.max_seconds:
                if exchange.receiving:
                    exchange.cut(408, "the body of the request did not arrive in time")
                else:
                    exchange.cut(504, f"the request took more than {exchange.max_seconds:g} s")
            elif seconds > _SECONDS_UNWATCHED:
                exchange.watch()

    def end_streams(self) -> None:
        """End the streams of events: their clients connect again, to another instance."""
        for exchange in self.active:
            if exchange.streaming is not None and exchange.answered is None:
                exchange.cut(exchange.status, "")

    def cut_all(self) -> int:
        """End the requests that are left when the service stops; how many there were."""
        for exchange in self.active:
            exchange.cut(503, "the service is stopping", RETRY_AFTER)
        return len(self.active) + self.websockets.cut_all()

    def _refusal(self, scope: Scope) -> tuple[Any, ...] | None:
        """Why the request is not handled at all, as arguments of `send_problem`."""
        if self.is_full():
            return 503, "the service has as many requests as it may handle at once", RETRY_AFTER
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
            return 414, f"a path and query may have {MAX_URL_BYTES} bytes at most"
        return None

    async def _conclude(
        self, exchange: Exchange, status: int, detail: str, headers: Headers = ()
    ) -> None:
        """End a request that its handler did not end: with a problem, if nothing was sent yet."""
        if exchange.answered is not None:
            return
        if status == CLIENT_GONE:
            exchange.left = True
        elif exchange.status == 0:
            await self._answer(exchange, status, detail, headers)
        elif exchange.streaming is not None and status < 500:
            await exchange.send({"type": "http.response.body"})
        else:  # the caller has the status, and will see that the rest is missing
            exchange.call.error = exchange.call.error or str(status)

    async def _answer(
        self, exchange: Exchange, status: int, detail: str, headers: Headers = ()
    ) -> None:
        """Answer with a problem, and with what browsers ask for."""

        async def problem(scope: Scope, receive: Receive, send: Send) -> None:
            await send_problem(send, status, detail, headers)

        app = self._cors(problem) if self._cors else problem
        await app(exchange.scope, exchange.receive, exchange.send)

    def _report_all(self) -> None:
        """Report all requests that ended in this turn of the event loop.

        Reported one after the other, they find the processor's caches warm. Under load, when many
        end in a turn, that halves the cost.
        """
        ended, self._ended = self._ended, []
        for each in ended:
            _report(self._log, *each)


def _cors(settings: ChassisSettings) -> Callable[[ASGIApp], ASGIApp] | None:
    """What adds the headers that browsers ask for."""
    origins = settings.cors_allow_origins
    if not origins:
        return None
    from starlette.middleware.cors import CORSMiddleware  # only where a setting asks for it

    return partial(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["*"],
        allow_headers=["*"],
        allow_credentials="*" not in origins,
        expose_headers=["ETag", "Location", "Retry-After", "X-Request-ID"],
    )


def _request_id(headers: dict[bytes, bytes]) -> str:
    """The caller's id where it is harmless, so that it can be followed; a new one otherwise."""
    sent = headers.get(b"x-request-id")
    if sent is not None and _KEPT_ID.fullmatch(sent):
        return str(sent, "ascii")
    return random.getrandbits(128).to_bytes(16, "big").hex()  # a tenth of the time of uuid4().hex


def _enter(scope: Scope) -> None:
    """Have the path begin with the root path, as ASGI says, whether or not the proxy left it."""
    root_path: str = scope["root_path"]
    if not f"{scope['path']}/".startswith(f"{root_path}/"):
        scope["path"] = root_path + scope["path"]
        scope["raw_path"] = quote(root_path).encode() + scope["raw_path"]


def _report(
    log: Log,
    exchange: Exchange,
    method: str,
    scope: Scope,
    headers: dict[bytes, bytes],
    ended: float,
) -> None:
    """Take a sample, end the span and write the log line."""
    call, client = exchange.call, scope["client"]
    seconds = (exchange.answered or ended) - call.started
    # 500 is what the server answers for an application that does not.
    status = CLIENT_GONE if exchange.left else exchange.status or 500
    call.error = call.error or (str(status) if status >= 500 else "")
    # A stream of events is as slow as its first byte: how long it lasts is its client's choice.
    measured = seconds if exchange.streaming is None else exchange.streaming - call.started
    observe_request(call, method, status, measured)
    call.end(
        log,
        "request",
        method,
        lambda: server_attributes(scope, method, headers, call.name, status),
        {
            "method": method,
            "route": call.name,
            "path": exchange.path,
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "request_bytes": exchange.declared or exchange.received,
            "response_bytes": exchange.sent,
            "client": client[0] if client else None,
        },
    )
