"""Databases to try things with: servers of a test's own, and addresses that lead elsewhere."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from orders.storage import StorageSettings
from orders.storage.engine import Database

from .proxy import Proxy
from shipshape.development import database as development


def settings(address: str, **more: Any) -> StorageSettings:
    """The settings of a storage."""
    return StorageSettings(database_url=SecretStr(address), **more)


async def run(database: Database, statement: str) -> Any:
    """Run a statement in a transaction; the value that it gives."""
    async with database.writing() as connection:
        result = await connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


@contextmanager
def another_server(folder: Path) -> Iterator[str]:
    """The address of a server of a test's own, beside that of the other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setattr(development, "DATA", folder)
        patch.setattr(development, "CLUSTER", folder / "postgresql")
        patch.setattr(development, "LOG", folder / "postgresql.log")
        patch.setattr(development, "PID_FILE", folder / "postgresql" / "postmaster.pid")
        with development.development_database() as url:
            yield url


def copy_server(address: str, folder: Path) -> None:
    """Copy all data of a server, to start another there that follows the first as its standby."""
    programs, _ = development._programs()
    folder.mkdir()
    if os.geteuid() == 0:
        account = development._unprivileged_account()
        os.chown(folder, account.pw_uid, account.pw_gid)
    as_user, data = development._as_owner_of(folder), folder / "postgresql"
    copy = [str(programs / "pg_basebackup"), "--write-recovery-conf", "--checkpoint=fast"]
    subprocess.run([*as_user, *copy, "--dbname", address, "--pgdata", str(data)], check=True)


def connector(address: str) -> Callable[[], socket.socket]:
    """What connects to the server of an address, which may listen on a Unix socket."""
    url = make_url(address)
    host = url.query.get("host", url.host or "localhost")
    port = url.query.get("port", url.port or 5432)
    assert isinstance(host, str)

    def connect() -> socket.socket:
        if not host.startswith("/"):
            return socket.create_connection((host, int(str(port))))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return server

    return connect


def through(proxy: Proxy, address: str) -> str:
    """The address of the same database behind a proxy."""
    url: URL = make_url(address).set(host="127.0.0.1", port=proxy.port)
    without = url.difference_update_query(["host", "port"])
    return without.render_as_string(hide_password=False)
