"""The one pass around every request: its id, its outcome, one log line, one metric sample."""

import random
import re
from time import perf_counter

import structlog

from .asgi import ASGIApp, Message, Receive, Scope, Send
from .context import request_id
from .health import PATHS, Health
from .metrics import Metrics
from .problems import send_problem

_HEADER = b"x-request-id"
_KEPT_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_log = structlog.get_logger()


class RequestPass:
    """The serving port's ASGI application: probes, and `app` with everything that is told of it."""

    def __init__(self, app: ASGIApp, health: Health, metrics: Metrics) -> None:
        self._app = app
        self._health = health
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in PATHS:
            await self._health.answer(scope, send)
        else:
            await self._handle(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        identifier = _identifier(scope)
        request_id.set(identifier)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER, identifier.encode())]
            await send(message)

        self._metrics.active_requests += 1
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            _log.exception("unhandled exception")
            if status == 0:
                await send_problem(send_with_id, 500, "the service failed; its log says why")
        finally:
            self._metrics.active_requests -= 1
            seconds = perf_counter() - started
            method, route = scope["method"], getattr(scope.get("route"), "path", "")
            self._metrics.observe(method, route, status, seconds)
            _log.info(
                "request",
                method=method,
                route=route,
                path=scope["path"],
                status=status,
                duration_ms=round(seconds * 1000, 3),
            )


def _identifier(scope: Scope) -> str:
    """The caller's id where it is harmless, so that it can be followed; a new one otherwise."""
    for name, value in scope["headers"]:
        if name == _HEADER and _KEPT_ID.fullmatch(value):
            return str(value, "ascii")
    return f"{random.getrandbits(128):032x}"
