"""The management port: for operators and their tools, never routed to users."""

import asyncio
import platform
from datetime import UTC, datetime

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from .asgi import ASGIApp, Receive, Scope, Send, respond
from .metrics import Metrics
from .problems import send_problem
from .settings import ChassisSettings


def management(settings: ChassisSettings, metrics: Metrics) -> ASGIApp:
    """The ASGI application with `/metrics` and `/info`."""
    info = orjson.dumps(
        {
            "service": settings.otel_service_name,
            "version": settings.service_version,
            "commit": settings.service_commit,
            "python": platform.python_version(),
            "started_at": datetime.now(UTC),
        }
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await send_problem(send, 405, "only GET is answered here", [(b"allow", b"GET")])
        elif scope["path"] == "/metrics":
            # In a thread: with many routes it takes tens of milliseconds of the requests' time.
            exposition = await asyncio.to_thread(generate_latest, metrics.registry)
            await respond(send, 200, CONTENT_TYPE_LATEST, exposition)
        elif scope["path"] == "/info":
            await respond(send, 200, "application/json", info)
        else:
            await send_problem(send, 404, "here are /metrics and /info")

    return app
