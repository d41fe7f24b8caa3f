"""Errors as problem details, RFC 9457."""

from http.client import responses
from typing import Any

import orjson

from .asgi import Headers, Send, respond
from .context import request_id

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = [(b"retry-after", b"1")]


# RFC 9110 names the classes so, in 15.5 and 15.6; statuses such as 520 have no phrase.
_CLASSES = {4: "Client Error", 5: "Server Error"}


class UnavailableError(Exception):
    """Something that the service stands on cannot be reached: 503, and the caller may try again."""


def problem(status: int, detail: str, **extensions: Any) -> dict[str, Any]:
    """The members of a problem: type, title, status, detail, request_id and the extensions.

    The type is `about:blank`: the problem says no more than its status and its detail.
    """
    return {
        "type": "about:blank",
        "title": responses.get(status) or _CLASSES.get(status // 100, "Error"),
        "status": status,
        "detail": detail,
        "request_id": request_id.get(),
        **extensions,
    }


async def send_problem(send: Send, status: int, detail: str, headers: Headers = ()) -> None:
    """Answer a request with a problem."""
    await respond(send, status, PROBLEM_JSON, orjson.dumps(problem(status, detail)), headers)
