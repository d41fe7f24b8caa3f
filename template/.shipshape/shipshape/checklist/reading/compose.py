"""The services that run beside the service on a developer's machine."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import marked_yaml
from .marked_yaml import within

_PATTERNS = ("compose*.y*ml", "docker-compose*.y*ml", ".devcontainer/*compose*.y*ml")
_DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")

ENGINES = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "postgis": "postgresql",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "mongo": "mongodb",
    "redis": "redis",
    "valkey": "valkey",
    "rabbitmq": "rabbitmq",
    "kafka": "kafka",
    "nats": "nats",
    "elasticsearch": "elasticsearch",
    "opensearch": "opensearch",
}
"""The images of databases, caches and queues, with the name of what is in them."""


@dataclass(frozen=True)
class Backing:
    """A database, cache or queue."""

    engine: str
    major: str
    """Empty for an image without a version."""
    place: str


def backings() -> list[Backing]:
    """Those of all files of compose."""
    found = []
    for path in sorted({it for pattern in _PATTERNS for it in Path().glob(pattern)}):
        for document in marked_yaml.documents(path):
            for service in within(document, "services").values():
                image = _DEFAULT.sub(r"\1", str(service.get("image", "")))
                name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
                if engine := ENGINES.get(name):
                    major = re.match(r"v?(\d+)", tag)
                    place = marked_yaml.place(path, service)
                    found.append(Backing(engine, major[1] if major else "", place))
    return found
