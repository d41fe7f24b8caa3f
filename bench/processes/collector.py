"""A stand-in for an OpenTelemetry collector: takes OTLP over HTTP and counts the spans.

    python -m bench.processes.collector HOST PORT

POST /v1/traces takes them, GET /spans says how many there were.
"""

import asyncio
import gzip
import re
import sys
from collections.abc import Iterator
from typing import cast

import orjson  # type: ignore[import-not-found]  # the service's environment has both
import uvloop  # type: ignore[import-not-found]

from .messages import whole

_GZIP = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)
_TYPE = re.compile(rb"\r\ncontent-type: *application/(json|x-protobuf)", re.IGNORECASE)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a position, and the position behind it."""
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1


def parts(message: bytes, wanted: int) -> Iterator[bytes]:
    """The fields of a protobuf message that have this number; all are messages themselves."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 0:
            _, at = varint(message, at)
        elif kind == 2:
            length, at = varint(message, at)
            if tag >> 3 == wanted:
                yield message[at : at + length]
            at += length
        else:
            at += {1: 8, 5: 4}[kind]


def spans(export: bytes, encoding: bytes) -> int:
    """How many spans there are in an ExportTraceServiceRequest."""
    if encoding == b"json":
        resources = orjson.loads(export)["resourceSpans"]
        return sum(len(scope["spans"]) for group in resources for scope in group["scopeSpans"])
    scopes = (scope for resource in parts(export, 1) for scope in parts(resource, 2))
    return sum(1 for scope in scopes for _ in parts(scope, 2))


class Collector(asyncio.Protocol):
    """One connection of those that export."""

    taken = 0  # by all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._received = bytearray()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if message := whole(self._received):
            self._received.clear()
            self._transport.write(self._answer(*message))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        status, text = "200 OK", b""
        if head.startswith(b"GET /spans "):
            text = str(Collector.taken).encode()
        elif not head.startswith(b"POST /v1/traces "):
            status = "404 Not Found"
        elif not (encoding := _TYPE.search(head)):
            status = "415 Unsupported Media Type"
        else:
            export = gzip.decompress(body) if _GZIP.search(head) else body
            Collector.taken += spans(export, encoding[1])
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


async def collect(host: str, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Collector, host, port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(collect(sys.argv[1], int(sys.argv[2])))
