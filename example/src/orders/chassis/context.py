"""What the code that handles a request may know of it, wherever it is."""

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
