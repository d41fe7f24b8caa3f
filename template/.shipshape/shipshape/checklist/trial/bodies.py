"""Bodies that are too large for any service."""

import select
from contextlib import suppress

from . import raw
from .instance import Instance
from .operations import Request

_DECLARED = 2**40
_PIECE = bytes(2**18)
_MOST_PIECES = 2**8


def declared_too_large(instance: Instance, request: Request) -> int | None:
    """The status after a Content-Length of a terabyte, None without an answer."""
    with raw.connected(instance.port) as connection:
        connection.sendall(raw.head(request, content_length=_DECLARED) + _PIECE[:1])
        return raw.status(connection)


def endless(instance: Instance, request: Request) -> int | None:
    """The status of a body in chunks that goes on until there is an answer, or for 64 MiB."""
    with raw.connected(instance.port) as connection, suppress(OSError):
        connection.sendall(raw.head(request, transfer_encoding="chunked"))
        for _ in range(_MOST_PIECES):
            if select.select([connection], [], [], 0)[0]:
                return raw.status(connection)
            connection.sendall(b"%x\r\n%s\r\n" % (len(_PIECE), _PIECE))
        connection.sendall(b"0\r\n\r\n")
        return raw.status(connection)
    return None
