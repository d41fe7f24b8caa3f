"""The one pass around every request: its ids, its limits, its outcome, and what is told of it.

One pass and not a stack of middleware, for each layer costs every request: a no-op one 1 %, one
of Starlette's BaseHTTPMiddleware 60 % of what a bare application can serve.
"""

import asyncio
import random
import re
from asyncio import CancelledError
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import structlog
from opentelemetry import trace

from .asgi import ASGIApp, Receive, Scope, Send
from .context import request_id
from .exchange import CLIENT_GONE, Exchange
from .health import PATHS, Health
from .logging import Log, exception_attributes
from .metrics import observe_request
from .problems import RETRY_AFTER, send_problem
from .settings import ChassisSettings
from .tracing import RequestTracer

MAX_URL_BYTES = 8_192

_KEPT_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_PORT = re.compile(r"(?<=[^:]):\d*$")
_SECONDS_UNWATCHED = 1.0
_FAILED = trace.Status(trace.StatusCode.ERROR)

_Finished = tuple[Scope, dict[bytes, bytes], Exchange, trace.Span, float]

_log = structlog.get_logger(__name__)


class Requests:
    """The serving port's ASGI application: probes, and `app` with everything around it."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ChassisSettings,
        health: Health,
        log: Log,
        tracer: RequestTracer,
    ) -> None:
        self.active: dict[Exchange, None] = {}  # the oldest first
        self._finished: list[_Finished] = []  # not told of yet
        self._app = app
        self._health = health
        health.is_overloaded = self.is_full
        self._log = log
        self._tracer = tracer
        self._max_active = settings.max_concurrency
        self._max_body = settings.max_body_bytes
        self._max_seconds = settings.request_timeout
        self._max_background_seconds = settings.background_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in PATHS:
            await self._health.answer(scope, send)
            return
        headers = dict(scope["headers"])
        identifier = _request_id(headers)
        request_id.set(identifier)
        span = self._tracer.start(scope["method"], headers)
        exchange = Exchange(identifier, scope, receive, send, self._health, self._max_body)
        try:
            refusal = self._refusal(scope, headers)
            self.active[exchange] = None
            if refusal is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                await send_problem(exchange.send, *refusal)
        except CancelledError:  # noqa: ASYNC103 # our own, where the exchange was cut
            if exchange.cut_with is None:
                raise
            if exchange.task is not None:
                exchange.task.uncancel()
            if exchange.answered is not None:
                seconds = round(perf_counter() - exchange.answered, 3)
                _log.warning(
                    "work after the response was cancelled", path=exchange.path, seconds=seconds
                )
            await _conclude(exchange, *exchange.cut_with)
        except Exception as error:
            _log.error("unhandled exception", exc_info=error)
            span.record_exception(error, exception_attributes(error))
            await _conclude(exchange, 500, "the service failed; its log says why")
        finally:
            self.active.pop(exchange, None)
            exchange.close()
            self._finished.append((scope, headers, exchange, span, perf_counter()))
            if len(self._finished) == 1:
                asyncio.get_running_loop().call_soon(self._tell_finished)

    def is_full(self) -> bool:
        """Whether there are as many requests as may be handled at once."""
        return len(self.active) >= self._max_active

    def sweep(self) -> None:
        """Cut what takes too long, and see for the rest whether somebody still waits for it."""
        now = perf_counter()
        for exchange in self.active:
            seconds = now - exchange.started
            if exchange.answered is not None:
                if now - exchange.answered > self._max_background_seconds:
                    exchange.cut(503, "")  # which nobody sees: the response was sent
            elif seconds > self._max_seconds:
                if exchange.receiving:
                    exchange.cut(408, "the body of the request did not arrive in time")
                else:
                    exchange.cut(504, f"the request took more than {self._max_seconds:g} s")
            elif seconds > _SECONDS_UNWATCHED:
                exchange.watch()
            else:
                break

    def cut_all(self) -> int:
        """End the requests that are left when the service stops; how many there were."""
        for exchange in self.active:
            exchange.cut(503, "the service is stopping", RETRY_AFTER)
        return len(self.active)

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[Any, ...] | None:
        """Why the request is not handled at all, as arguments of `send_problem`."""
        if self.is_full():
            return 503, "the service has as many requests as it may handle at once", RETRY_AFTER
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
            return 414, f"a path and query may have {MAX_URL_BYTES} bytes at most"
        if int(headers.get(b"content-length", 0)) > self._max_body:
            return 413, f"a body may have {self._max_body} bytes at most"
        return None

    def _tell_finished(self) -> None:
        """Tell of all that finished in this turn of the event loop.

        One after the other they find the processor's caches warm: under load, when many finish in
        a turn, that is half of the cost.
        """
        finished, self._finished = self._finished, []
        for each in finished:
            self._tell(*each)

    def _tell(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        exchange: Exchange,
        span: trace.Span,
        ended: float,
    ) -> None:
        seconds = (exchange.answered or ended) - exchange.started
        method, path = exchange.method, exchange.path
        status = CLIENT_GONE if exchange.left else exchange.status
        status = status or 500  # as the server answers for an application that does not
        route = getattr(scope.get("route"), "path", "")
        client = scope["client"][0] if scope["client"] else None
        observe_request(method, route, status, seconds)
        if span.is_recording():
            span.update_name(f"{method} {route}" if route else method)
            span.set_attributes(_attributes(scope, headers, route, status, client))
            if status >= 500:
                span.set_status(_FAILED)
        span.end()
        if self._log.info_enabled:
            ids = span.get_span_context()
            # Written as it is, past structlog and its checks: 3 µs instead of 12.
            self._log.write(
                {
                    "timestamp": datetime.now(UTC),
                    "level": "info",
                    "event": "request",
                    "logger": __name__,
                    "request_id": exchange.request_id,
                    "trace_id": f"{ids.trace_id:032x}",
                    "span_id": f"{ids.span_id:016x}",
                    **self._log.service,
                    "method": method,
                    "route": route,
                    "path": path,
                    "status": status,
                    "duration_ms": round(seconds * 1000, 3),
                    "request_bytes": int(headers.get(b"content-length", exchange.received)),
                    "response_bytes": exchange.sent,
                    "client": client,
                }
            )


def _request_id(headers: dict[bytes, bytes]) -> str:
    """The caller's id where it is harmless, so that it can be followed; a new one otherwise."""
    sent = headers.get(b"x-request-id")
    if sent is not None and _KEPT_ID.fullmatch(sent):
        return str(sent, "ascii")
    return f"{random.getrandbits(128):032x}"  # a sixth of the time of uuid4().hex


async def _conclude(exchange: Exchange, status: int, *problem: Any) -> None:
    """End a request that its handler did not end: with a problem, if nothing was sent yet."""
    if exchange.answered is not None:
        return
    if exchange.status == 0 and status != CLIENT_GONE:
        await send_problem(exchange.send, status, *problem)
    exchange.status = status


def _attributes(
    scope: Scope, headers: dict[bytes, bytes], route: str, status: int, client: str | None
) -> dict[str, str | int]:
    """A server span's attributes; the query is left out, for it may hold secrets.

    https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
    """
    attributes: dict[str, str | int] = {
        "http.request.method": scope["method"],
        "http.response.status_code": status,
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
    }
    if route:
        attributes["http.route"] = route
    if client:
        attributes["client.address"] = client
    if agent := headers.get(b"user-agent"):
        attributes["user_agent.original"] = agent.decode("latin-1")
    if host := headers.get(b"host"):
        attributes["server.address"] = _PORT.sub("", host.decode("latin-1"))
    if status >= 500:
        attributes["error.type"] = str(status)
    return attributes
