"""The operations of the service, and requests for them, from its OpenAPI document."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from ... import yaml_files
from . import examples

SAFE = ("GET",)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_JSON = re.compile(r"application/(.*\+)?json")


class NoResponseError(AssertionError):
    """The service did not answer a request."""


@dataclass(frozen=True)
class Request:
    """A request that the operation should accept."""

    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def send(self, client: httpx2.Client, **headers: str) -> httpx2.Response:
        """Send it; underscores in the names of further headers become hyphens.

        NoResponseError, which fails a check, if there is no response.
        """
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            return client.request(
                self.method, self.path, headers={**self.headers, **more}, content=self.body
            )
        except httpx2.TransportError as error:
            raise NoResponseError(f"{self} got no response: {error}") from error


@dataclass(frozen=True)
class Operation:
    """An operation of the document, such as GET /items/{item_id}."""

    document: Mapping[str, Any]
    method: str
    path: str
    details: Mapping[str, Any]
    headers: Mapping[str, str]
    """Headers of each request."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_safe(self) -> bool:
        return self.method in SAFE

    @cached_property
    def parameters(self) -> Sequence[Mapping[str, Any]]:
        """Those of the operation and of its path."""
        shared = self.document["paths"][self.path].get("parameters", ())
        own = self.details.get("parameters", ())
        found = [examples.resolved(self.document, it) for it in (*shared, *own)]
        return list({(it["in"], it["name"]): it for it in found}.values())

    @property
    def path_parameters(self) -> Sequence[Mapping[str, Any]]:
        return [it for it in self.parameters if it["in"] == "path"]

    @cached_property
    def body_schema(self) -> Mapping[str, Any] | None:
        """The schema of a JSON body, if the operation takes one."""
        body = examples.resolved(self.document, self.details.get("requestBody", {}))
        for kind, content in body.get("content", {}).items():
            if _JSON.match(kind):
                schema: Mapping[str, Any] = content.get("schema", {})
                return schema
        return None

    def request(self, number: int | None = None, body: object = None) -> Request:
        """A request that fits the document; `number` makes the path's parameters different."""
        path, query, headers = self.path, {}, dict(self.headers)
        for it in self.parameters:
            if it["in"] == "path":
                value = quote(str(self._value(it, number)), safe="")
                path = path.replace(f"{{{it['name']}}}", value)
            elif it["in"] == "query" and it.get("required"):
                query[it["name"]] = self._value(it)
            elif it["in"] == "header" and (it.get("required") or "example" in it):
                headers[it["name"]] = str(self._value(it))
        content = self._body(body)
        if content is not None:
            headers["content-type"] = "application/json"
        return Request(
            self.method, f"{path}?{urlencode(query)}" if query else path, headers, content
        )

    def _value(self, parameter: Mapping[str, Any], number: int | None = None) -> Any:
        schema = parameter.get("schema", {})
        if number is not None:
            return examples.different(self.document, schema, number)
        if "example" in parameter:
            return parameter["example"]
        for named in parameter.get("examples", {}).values():
            return examples.resolved(self.document, named).get("value")
        return examples.example(self.document, schema)

    def _body(self, given: object) -> bytes | None:
        if self.body_schema is None:
            return None
        whole = examples.example(self.document, self.body_schema) if given is None else given
        return json.dumps(whole).encode()


def read(path: Path, headers: Mapping[str, str]) -> list[Operation]:
    """The operations of a document, those without parameters in their path first."""
    document = yaml_files.read(path)
    found = [
        Operation(document, method.upper(), address, details, headers)
        for address, item in document.get("paths", {}).items()
        for method, details in item.items()
        if method.upper() in METHODS
    ]
    return sorted(found, key=lambda it: (len(it.path_parameters), METHODS.index(it.method)))
