"""Secrets that are planted in requests and settings, to see whether they leak."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from .database import Database
from .operations import Operation, Request


class Canaries:
    """A value for each place, which occurs nowhere else."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def plant(self, place: str) -> str:
        """The value for a place, always the same."""
        return self.planted.setdefault(place, f"canary{secrets.token_hex(12)}")

    def found_in(self, text: str) -> Iterator[str]:
        """The places of those that are in a text."""
        return (place for place, value in self.planted.items() if value in text)

    def settings(self, database: Database | None) -> dict[str, str]:
        """Settings with secrets in them."""
        header = f"authorization=Bearer%20{self.plant('OTEL_EXPORTER_OTLP_HEADERS')}"
        found = {"OTEL_EXPORTER_OTLP_HEADERS": header}
        if database and not urlsplit(database.address).password:
            # A server that asks for no password takes any.
            parts = urlsplit(database.address)
            user, _, place = parts.netloc.rpartition("@")
            login = f"{user or 'postgres'}:{self.plant(database.variable)}"
            found[database.variable] = parts._replace(netloc=f"{login}@{place}").geturl()
        return found

    def requests(self, operation: Operation) -> Iterator[Request]:
        """Requests with secrets in all places: a valid one, and those that are refused."""
        valid = self._in_head(operation.request(body=self._in_texts(_body(operation))))
        yield valid
        yield replace(valid, headers={**valid.headers, **self._headers()})
        yield replace(valid, path=self._in_query(operation, valid.path))
        if valid.body is not None:
            of_wrong_types = dict.fromkeys(_body(operation), self.plant("body"))
            yield replace(valid, body=json.dumps(of_wrong_types).encode())
            yield replace(valid, body=b'{"' + self.plant("body").encode())

    def _in_head(self, request: Request) -> Request:
        own = {name.lower(): value for name, value in request.headers.items()}
        mark = "&" if "?" in request.path else "?"
        path = f"{request.path}{mark}token={self.plant('query')}"
        return replace(request, headers={**self._headers(), **own}, path=path)

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.plant('Authorization')}",
            "cookie": f"session={self.plant('Cookie')}",
            "x-api-key": self.plant("X-API-Key"),
        }

    def _in_query(self, operation: Operation, path: str) -> str:
        names = [it["name"] for it in operation.parameters if it["in"] == "query"]
        return path + "".join(f"&{name}={self.plant('query')}" for name in names)

    def _in_texts(self, value: Any) -> Any:
        match value:
            case str():
                return self.plant("body")
            case Mapping():
                return {name: self._in_texts(it) for name, it in value.items()}
            case list():
                return [self._in_texts(it) for it in value]
            case _:
                return value


def _body(operation: Operation) -> dict[str, Any]:
    """The body that the operation accepts; empty if it takes none, or no object."""
    body = operation.request().body
    found = json.loads(body) if body else {}
    return found if isinstance(found, dict) else {}
