"""The packages that the service names to reach a database, cache or queue."""

import re
from collections.abc import Iterator
from pathlib import Path

_FILES = (
    "pyproject.toml",
    "requirements*.in",
    "requirements*.txt",
    "requirements/*.in",
    "requirements/*.txt",
    "Pipfile",
    "setup.cfg",
    "setup.py",
)
_DRIVERS = re.compile(
    r"(?mi)^[\s\"']*(aio-?pika|aiokafka|aiomysql|aiosqlite|asyncmy|asyncpg|confluent-kafka|django|"
    r"motor|mysqlclient|peewee|pika|psycopg[23]?|pymongo|pymysql|redis|sqlalchemy|sqlmodel|"
    r"tortoise-orm)\b(?!-)"
)


def drivers() -> Iterator[str]:
    """Each of them with its place, such as `asyncpg in pyproject.toml:12`."""
    for path in sorted({it for pattern in _FILES for it in Path().glob(pattern)}):
        text = path.read_text("utf-8", "replace")
        for found in _DRIVERS.finditer(text):
            line = text.count("\n", 0, found.start(1)) + 1
            yield f"{found[1]} in {path}:{line}"
