"""Every error of the API as problem details."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
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


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for its `responses`."""
    return {status: {"model": Problem} for status in statuses}


def add_error_handlers(api: FastAPI) -> None:
    """Turn every exception that leaves a handler into a problem."""

    async def of_domain(request: Request, error: Exception) -> Response:
        return problem_response(_STATUS[type(error)], str(error))

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
    errors = [
        {"location": ".".join(map(str, fault["loc"])), "detail": fault["msg"]}
        for fault in error.errors()
    ]
    return problem_response(422, "the request does not fit the schema", errors=errors)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem_response(error.status_code, error.detail, headers)


def _methods(request: Request) -> set[str]:
    """All that a path can be asked with; the framework's own 405 knows of one route only."""
    routes = (context.original_route for context in iter_route_contexts(request.app.routes))
    return {
        method
        for route in routes
        if isinstance(route, APIRoute) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _unavailable(request: Request, error: Exception) -> Response:
    return problem_response(503, str(error), {"Retry-After": "1"})


async def _unhandled(request: Request, error: Exception) -> Response:
    """Nothing of the inside goes out; the chassis logs the exception."""
    return problem_response(500, "the service failed; its log says why, under the request_id")
