"""The management port: for operators and their tools, never routed to users."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import distributions
from time import perf_counter
from typing import Any

import orjson
import structlog
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from .asgi import Receive, Scope, Send, respond
from .health import Health
from .logging import LEVELS, Log
from .problems import send_problem
from .requests import Requests
from .settings import ChassisSettings

_CHECK_SECONDS = 6.0  # longer than a check waits for a connection, so that it says why
_MOST_BODY_BYTES = 1024
_MOST_REQUESTS_SHOWN = 20

_Handler = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Management:
    """The ASGI application with metrics, information, detailed health and the log level."""

    def __init__(
        self,
        settings: ChassisSettings,
        log: Log,
        health: Health,
        requests: Requests,
        checks: Mapping[str, Callable[[], Awaitable[object]]],
    ) -> None:
        self._log = log
        self._health = health
        self._requests = requests
        self._checks = checks
        self._info = {
            "service": settings.otel_service_name,
            "version": settings.service_version,
            "commit": settings.service_commit,
            "built_at": settings.service_built_at,
            "started_at": datetime.now(UTC),
            "python": platform.python_version(),
        }
        self._handlers: dict[str, dict[str, _Handler]] = {
            "/metrics": {"GET": self._metrics},
            "/info": {"GET": self._show_info},
            "/info/dependencies": {"GET": self._show_dependencies},
            "/health": {"GET": self._show_health},
            "/log-level": {"GET": self._show_log_level, "PUT": self._set_log_level},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self._handlers.get(scope["path"])
        if methods is None:
            await send_problem(send, 404, f"here are {', '.join(self._handlers)}")
        elif scope["method"] not in methods:
            allowed = ", ".join(methods)
            headers = [(b"allow", allowed.encode())]
            await send_problem(send, 405, f"only {allowed} is answered here", headers)
        else:
            await methods[scope["method"]](scope, receive, send)

    async def _metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        encode, content_type = choose_encoder(accepted)  # exemplars are in OpenMetrics alone
        # In a thread: with many routes it takes tens of milliseconds of the requests' time.
        exposition = await asyncio.to_thread(encode, REGISTRY)
        await respond(send, 200, content_type, exposition)

    async def _show_info(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _respond_json(send, self._info)

    async def _show_dependencies(self, scope: Scope, receive: Receive, send: Send) -> None:
        def versions() -> dict[str, str]:
            return {found.name: found.version for found in distributions()}

        await _respond_json(send, await asyncio.to_thread(versions), orjson.OPT_SORT_KEYS)

    async def _show_health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For people: the probes' answer with its reasons, and what the service is busy with."""
        results = await asyncio.gather(*map(_checked, self._checks.values()))
        active = self._requests.active
        now = perf_counter()
        await _respond_json(
            send,
            {
                "readiness": self._health.readiness,
                "checks": dict(zip(self._checks, results, strict=True)),
                "dropped_log_lines": self._log.dropped,
                "active_requests": len(active),
                "active_websockets": len(self._requests.websockets.active),
                "longest_requests": [
                    {
                        "request_id": exchange.call.id,
                        "method": exchange.method,
                        "path": exchange.path,
                        "seconds": round(now - exchange.call.started, 3),
                    }
                    for exchange in list(active)[:_MOST_REQUESTS_SHOWN]
                ],
            },
        )

    async def _show_log_level(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _respond_json(send, {"level": self._log.level})

    async def _set_log_level(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more and len(body) <= _MOST_BODY_BYTES:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            level = orjson.loads(body)["level"]
            if level not in LEVELS:
                raise ValueError
        except (ValueError, TypeError, KeyError):
            example = '{"level": "debug"}'
            await send_problem(send, 422, f"send a level of {', '.join(LEVELS)}, such as {example}")
            return
        before, self._log.level = self._log.level, level
        _log.warning("log level changed", before=before, now=level)
        await _respond_json(send, {"level": level})


async def _checked(check: Callable[[], Awaitable[object]]) -> dict[str, Any]:
    """How a check went; never longer than _CHECK_SECONDS."""
    started = perf_counter()
    try:
        await asyncio.wait_for(check(), _CHECK_SECONDS)
    except TimeoutError:
        return {"reachable": False, "reason": f"no answer within {_CHECK_SECONDS:g} s"}
    except Exception as error:
        return {"reachable": False, "reason": str(error)}
    return {"reachable": True, "seconds": round(perf_counter() - started, 3)}


async def _respond_json(send: Send, content: Any, options: int = 0) -> None:
    await respond(send, 200, "application/json", orjson.dumps(content, option=options))
