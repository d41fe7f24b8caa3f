"""A database for the service alone, on the server that `make run` and `make test` use."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from ...errors import ShipshapeError
from . import process
from .configuration import Configuration
from .gate import Gate, gate

_DEVELOPMENT = Path(__file__).parents[2] / "development" / "database.py"
_OWN = Path(__file__).with_name("own_database.py")
_MIGRATION_SECONDS = 60.0
_STOP_SECONDS = 60


@dataclass(frozen=True)
class Database:
    """A migrated database behind a gate."""

    variable: str
    address: str
    """It leads through the gate."""
    gate: Gate

    @property
    def settings(self) -> dict[str, str]:
        return {self.variable: self.address}


@contextmanager
def opened(configuration: Configuration, variable: str) -> Iterator[Database]:
    """A new and migrated database, dropped in the end. ShipshapeError if there is no server."""
    with _created(configuration) as address, gate(lambda: _connect(address)) as way:
        database = Database(variable, _through(address, way.port), way)
        if configuration.migrate:
            _migrate(configuration.migrate, {**configuration.settings, **database.settings})
        yield database


@contextmanager
def _created(configuration: Configuration) -> Iterator[str]:
    """The address of a new database. It is dropped even if this process is killed."""
    python = configuration.python
    with subprocess.Popen(
        [python, str(_DEVELOPMENT), python, "-P", str(_OWN)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for this process, which then ends that one
    ) as keeper:
        assert keeper.stdin
        assert keeper.stdout
        assert keeper.stderr
        address = keeper.stdout.readline().strip()
        if not address:
            said = keeper.stderr.read().strip().splitlines() or ["it does not say why"]
            raise ShipshapeError(f"there is no database to try the service with: {said[-1]}")
        try:
            yield address
        finally:
            keeper.stdin.close()
            keeper.wait(_STOP_SECONDS)


def _migrate(command: str, settings: dict[str, str]) -> None:
    done = process.run(command, {**process.of_production(), **settings}, _MIGRATION_SECONDS)
    if done.exit_code != 0:
        raise ShipshapeError(f"`{command}` fails: {done.reason}")


def _place(address: str) -> tuple[str, int]:
    """The host, or the folder of the Unix socket, and the port."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    host = options.get("host") or parts.hostname or "localhost"
    return host, int(options.get("port") or parts.port or 5432)


def _connect(address: str) -> socket.socket:
    host, port = _place(address)
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=None)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.path.join(host, f".s.PGSQL.{port}"))
    return connection


def _through(address: str, port: int) -> str:
    """The address with the gate in place of the server."""
    parts = urlsplit(address)
    login, at, _ = parts.netloc.rpartition("@")
    options = [it for it in parse_qsl(parts.query) if it[0] not in ("host", "port")]
    query = urlencode(options, quote_via=quote)
    return parts._replace(netloc=f"{login}{at}127.0.0.1:{port}", query=query).geturl()
