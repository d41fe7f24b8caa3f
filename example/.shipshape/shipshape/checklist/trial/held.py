"""Requests in flight: their bodies are half sent, so that the service waits for the rest."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from . import raw
from .instance import Instance
from .operations import Request

_SECONDS_TO_ARRIVE = 0.3


class Held:
    """A request whose body is not whole yet."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        body = request.body or b""
        self._connection = connection
        self._rest = body[1:]
        connection.sendall(raw.head(request, content_length=len(body)) + body[:1])

    def finish(self) -> int | None:
        """Send the rest; the status of the response, None without one."""
        with suppress(OSError):
            self._connection.sendall(self._rest)
        return self.status()

    def status(self) -> int | None:
        """The status of the response to what was sent, None without one."""
        return raw.status(self._connection)


@contextmanager
def held(instance: Instance, *requests: Request) -> Iterator[list[Held]]:
    """These requests in flight, until the end."""
    with ExitStack() as stack:
        found = []
        for request in requests:
            connection = stack.enter_context(raw.connected(instance.port))
            found.append(Held(connection, request))
        time.sleep(_SECONDS_TO_ARRIVE)
        yield found
