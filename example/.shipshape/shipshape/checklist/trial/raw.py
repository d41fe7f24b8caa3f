"""Requests by hand, for clients that do what no library does."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException, HTTPResponse

from .operations import Request

TIMEOUT_SECONDS = 20.0


@contextmanager
def connected(port: int, seconds: float = TIMEOUT_SECONDS) -> Iterator[socket.socket]:
    """A connection to a port of this machine; a wait of more than so many seconds is an OSError."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def head(request: Request, **headers: object) -> bytes:
    """The request up to its body; underscores in the names of further headers become hyphens."""
    more = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in {**request.headers, **more}.items()]
    return "\r\n".join(
        [f"{request.method} {request.path} HTTP/1.1", "host: service", *lines, "", ""]
    ).encode()


def status(connection: socket.socket) -> int | None:
    """The status of the next response, which is read whole; None if there is none in time."""
    try:
        with closing(HTTPResponse(connection)) as response:
            response.begin()
            response.read()
            return response.status
    except (HTTPException, OSError):
        return None
