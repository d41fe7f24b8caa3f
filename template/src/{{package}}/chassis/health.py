"""Liveness and readiness, answered on the serving port.

Liveness asks only whether the process still serves; it never looks at a dependency, so that a
database that is down does not get the service restarted too. Readiness says whether requests
should be sent here: after the start, until the stop begins, and not once a worker has failed that
the service cannot do without. Load does not count: all instances would leave together, and the
few that are left would fail.
"""

from collections.abc import Callable

from .asgi import Scope, Send, respond

LIVENESS_PATH = "/livez"
READINESS_PATH = "/readyz"
PATHS = frozenset({LIVENESS_PATH, READINESS_PATH})


class Health:
    """Whether the service wants requests, and why not."""

    def __init__(self) -> None:
        self._state = "starting"
        self._listeners: list[Callable[[str], None]] = []

    @property
    def readiness(self) -> str:
        """`ready`, or why the service is not: starting, stopping, or what has failed."""
        return self._state

    @property
    def stopping(self) -> bool:
        return self._state == "stopping"

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the readiness now, and whenever it changes."""
        self._listeners.append(listener)
        listener(self._state)

    def set_ready(self) -> None:
        if self._state == "starting":
            self._change("ready")

    def set_not_ready(self, reason: str) -> None:
        if not self.stopping:
            self._change(f"not ready: {reason}")

    def set_stopping(self) -> None:
        self._change("stopping")

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer a probe for one of PATHS."""
        state = self._state if scope["path"] == READINESS_PATH else "alive"
        status = 200 if state in ("ready", "alive") else 503
        close = [(b"connection", b"close")] if self.stopping else []
        body = f"{state}\n".encode()
        await respond(send, status, "text/plain; charset=utf-8", body, close)

    def _change(self, state: str) -> None:
        self._state = state
        for listener in self._listeners:
            listener(state)
