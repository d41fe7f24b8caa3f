"""Liveness and readiness, answered on the serving port.

Liveness asks only whether the process still serves; it never looks at a dependency, so that a
database that is down does not get the service restarted too. Readiness says whether requests
should be sent here: after the start, and not once the stop has begun.
"""

from .asgi import Scope, Send, respond

LIVENESS_PATH = "/livez"
READINESS_PATH = "/readyz"
PATHS = frozenset({LIVENESS_PATH, READINESS_PATH})


class Health:
    """Whether the service wants requests, and why not."""

    def __init__(self) -> None:
        self.state = "starting"

    def set_ready(self) -> None:
        self.state = "ready"

    def set_stopping(self) -> None:
        self.state = "stopping"

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer a probe for one of PATHS."""
        state = self.state if scope["path"] == READINESS_PATH else "alive"
        status = 200 if state in ("ready", "alive") else 503
        body = f"{state}\n".encode()
        await respond(send, status, "text/plain; charset=utf-8", body)
