"""HTTP by hand, for clients that do what no library does; and a metric read from it."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx2

from ..service import PATIENCE_SECONDS, Service


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Message
    body: bytes


@contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    """A connection to the service's API."""
    address = urlsplit(service.api)
    with socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client


def request(method: str, path: str, body: bytes = b"", /, **headers: object) -> bytes:
    """A request; underscores in the names of headers are hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "host: service"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(client: socket.socket) -> Answer:
    """Read one answer."""
    with closing(HTTPResponse(client)) as response:
        response.begin()
        return Answer(response.status, response.headers, response.read())


def is_closed(client: socket.socket) -> bool:
    """Whether the service ends the connection, without another word."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def metric(service: Service, series: str) -> float:
    """The value of one series, named as it is exposed."""
    lines = httpx2.get(f"{service.management}/metrics").text.splitlines()
    [value] = [line.removeprefix(series) for line in lines if line.startswith(f"{series} ")]
    return float(value)
