"""The operations of the API, as its committed OpenAPI schema lists them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...files import SCHEMA
from . import repository
from .marked_yaml import documents, place, within

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Operation:
    """An operation. `security` is None where neither it nor the schema says who may call it."""

    name: str
    place: str
    security: Any

    @property
    def is_open(self) -> bool:
        """Whether anyone may call it."""
        return self.security is not None and (not self.security or {} in self.security)

    @property
    def schemes(self) -> list[str]:
        """The names of the security schemes that callers may use."""
        return [name for requirement in self.security or () for name in requirement]


def file() -> Path | None:
    """The schema; of another repository, the first file that says it is one."""
    if SCHEMA.exists():
        return SCHEMA
    found = repository.files_with(r"^[ {\"']*openapi[\"']?: *[\"']?3", "*.yaml", "*.yml", "*.json")
    return found[0] if found else None


def operations(path: Path) -> Iterator[Operation]:
    """ShipshapeError if the file cannot be read."""
    for schema in documents(path):
        for address, methods in within(schema, "paths").items():
            for method, operation in methods.items():
                if method in METHODS:
                    security = operation.get("security", schema.get("security"))
                    name = f"{method.upper()} {address}"
                    yield Operation(name, place(path, operation), security)
