"""What the tests give the service to keep its data in: a database of their own, fully migrated."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.config import CommandLine, Config
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from orders.items import ItemStore
from orders.storage import StorageSettings, open_storage
from orders.storage.engine import asyncpg_url

from shipshape.development.database import DatabaseError, development_database

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """The address of a PostgreSQL server: DATABASE_URL's, or that of `make run`."""
    try:
        with development_database() as url:
            yield url
    except DatabaseError as error:
        pytest.exit(f"error: {error}", returncode=1)


@pytest.fixture(scope="session")
def storage_settings(database_server: str) -> Iterator[dict[str, str]]:
    """The settings of the storage for a service under test."""
    with new_database(database_server) as url:
        alembic(url, "upgrade", "head")
        yield {"DATABASE_URL": url}


@pytest.fixture
async def item_store(storage_settings: dict[str, str]) -> AsyncIterator[ItemStore]:
    """A store over that database."""
    settings = StorageSettings(database_url=storage_settings["DATABASE_URL"])
    async with open_storage(settings) as storage:
        yield storage.items


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The address of a new and empty database, dropped in the end."""
    name = f"test_{uuid4().hex}"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


def alembic(url: str, *arguments: str) -> str:
    """What alembic prints; in this process, for a new one takes a second to start."""
    output = StringIO()
    command = CommandLine(prog="alembic")
    options = command.parser.parse_args(arguments)
    config = Config(toml_file=ROOT / "pyproject.toml", cmd_opts=options, stdout=output)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        command.run_cmd(config, options)
    return output.getvalue()


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(asyncpg_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
