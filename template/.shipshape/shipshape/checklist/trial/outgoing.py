"""A forward proxy in place of all other services: it keeps what the service sends to them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from .servers import Handler, serving

_VARIABLES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")


@dataclass(frozen=True)
class Outgoing:
    """A request that the service sent; of one over TLS, CONNECT and the server are all there is."""

    moment: float
    method: str
    url: str
    headers: Mapping[str, str]
    """Their names are in lower case."""

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


class OtherServices:
    """They answer each request with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[Outgoing] = []
        self.port = 0

    @property
    def settings(self) -> dict[str, str]:
        """Variables that most HTTP clients honour; a collector would be reached this way too."""
        names = [*_VARIABLES, *(it.lower() for it in _VARIABLES)]
        nothing = {"NO_PROXY": "", "no_proxy": "", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
        return {**dict.fromkeys(names, f"http://127.0.0.1:{self.port}"), **nothing}


@contextmanager
def other_services() -> Iterator[OtherServices]:
    """The proxy, until the end."""

    class Proxy(Handler):
        def _take(self) -> None:
            self.body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = Outgoing(time.monotonic(), self.command, self.path, headers)
            others.requests.append(sent)
            self.answer(502 if self.command == "CONNECT" else others.status, b"{}")

        do_CONNECT = do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = _take  # noqa: N815

    others = OtherServices()
    with serving(Proxy) as port:
        others.port = port
        yield others
