"""Liveness and readiness, answered on the serving port.

Liveness asks only whether the process still serves; it never looks at a dependency, so that a
database that is down does not get the service restarted too. Readiness says whether requests
should be sent here: after the start, not once the stop has begun, and not while there are more
requests than the service may handle at once.
"""

from collections.abc import Callable

from .asgi import Scope, Send, respond

LIVENESS_PATH = "/livez"
READINESS_PATH = "/readyz"
PATHS = frozenset({LIVENESS_PATH, READINESS_PATH})


class Health:
    """Whether the service wants requests, and why not."""

    def __init__(self) -> None:
        self.state = "starting"
        self.is_overloaded: Callable[[], bool] = lambda: False

    @property
    def stopping(self) -> bool:
        return self.state == "stopping"

    @property
    def readiness(self) -> str:
        """One of starting, ready, overloaded, stopping."""
        return "overloaded" if self.state == "ready" and self.is_overloaded() else self.state

    def set_ready(self) -> None:
        self.state = "ready"

    def set_stopping(self) -> None:
        self.state = "stopping"

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer a probe for one of PATHS."""
        state = self.readiness if scope["path"] == READINESS_PATH else "alive"
        status = 200 if state in ("ready", "alive") else 503
        close = [(b"connection", b"close")] if self.stopping else []
        body = f"{state}\n".encode()
        await respond(send, status, "text/plain; charset=utf-8", body, close)
