"""Every error of the API as problem details."""

from collections.abc import Mapping
from json import JSONDecodeError
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ..chassis import PROBLEM_JSON, UnavailableError, problem
from ..items import ItemNotFoundError, VersionConflictError
from .models import Problem

# What the domain raises, and the status that tells the caller what to do about it.
_STATUS: dict[type[Exception], int] = {
    ItemNotFoundError: 404,
    VersionConflictError: 412,
    # -- yours below --
}


_MAX_ERRORS = 20
_MAX_CHARACTERS = 200


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for its `responses`."""
    return {status: {"model": Problem} for status in statuses}


def add_error_handlers(api: FastAPI) -> None:
    """Turn every exception that leaves a handler into a problem."""

    async def of_domain(request: Request, error: Exception) -> Response:
        status = next(_STATUS[base] for base in type(error).__mro__ if base in _STATUS)
        return problem_response(status, str(error))

    for exception in _STATUS:
        api.add_exception_handler(exception, of_domain)
    api.add_exception_handler(RequestValidationError, _invalid_request)
    api.add_exception_handler(HTTPException, _http_exception)
    api.add_exception_handler(UnavailableError, _unavailable)
    api.add_exception_handler(Exception, _unhandled)


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **extensions: Any
) -> Response:
    """A response with problem details."""
    content = orjson.dumps(problem(status, detail, **extensions))
    return Response(content, status, headers, media_type=PROBLEM_JSON)


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if unsupported := _unsupported_body(request, error):
        return unsupported
    faults = error.errors()
    errors = [
        {"location": _cut(".".join(map(str, fault["loc"]))), "detail": _cut(fault["msg"])}
        for fault in faults[:_MAX_ERRORS]
    ]
    detail = "the request does not fit the schema"
    if more := len(faults) - len(errors):
        detail += f"; errors not shown: {more}"
    return problem_response(422, detail, errors=errors)


def _unsupported_body(request: Request, error: Exception) -> Response | None:
    """415 if the body's encoding or type is why it could not be read (RFC 9110, 15.5.16)."""
    encoding = request.headers.get("content-encoding", "identity")
    unreadable = isinstance(error.__cause__, JSONDecodeError | UnicodeDecodeError)
    if unreadable and encoding.lower() != "identity":
        detail = f"the Content-Encoding is {_cut(encoding)}; send the body without one"
        return problem_response(415, detail, {"Accept-Encoding": "identity"})
    # FastAPI leaves a body as bytes if its Content-Type is not JSON.
    if not (isinstance(error, RequestValidationError) and isinstance(error.body, bytes)):
        return None
    field = getattr(request.scope.get("route"), "body_field", None)
    expected = field.field_info.media_type if field else ""
    if not (expected.endswith("json") and any("body" in at["loc"][:1] for at in error.errors())):
        return None
    sent = _cut(request.headers.get("content-type", "missing"))
    detail = f"the Content-Type is {sent}; send the body as {expected}"
    return problem_response(415, detail, {"Accept": expected})


def _cut(text: str) -> str:
    """The text, shortened to the size that a caller still reads."""
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if unsupported := _unsupported_body(request, error):
        return unsupported
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem_response(error.status_code, error.detail, headers)


def _methods(request: Request) -> set[str]:
    """All methods of a path; the framework's own 405 names those of one route only."""
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)  # each with its routers' prefixes
        if route.methods and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods
    }
    return methods | {"HEAD"} if "GET" in methods else methods


async def _unavailable(request: Request, error: Exception) -> Response:
    return problem_response(503, str(error), {"Retry-After": "1"})


async def _unhandled(request: Request, error: Exception) -> Response:
    """Nothing of the inside goes out; the chassis logs the exception."""
    return problem_response(500, "the service failed; its log says why, under the request_id")
