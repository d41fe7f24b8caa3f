"""Connections to PostgreSQL: reads in autocommit, writes in explicit transactions."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

from asyncpg.exceptions import (
    CannotConnectNowError,
    PostgresConnectionError,
    QueryCanceledError,
    TooManyConnectionsError,
)
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ..chassis import UnavailableError
from .metrics import show_pool
from .settings import StorageSettings
from .tracing import trace_statements

_CONNECT_SECONDS = 3.0


def asyncpg_url(database_url: str) -> URL:
    """The address with the driver that this service uses."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


class Database:
    """A pool of connections: none is made before the first query, all are closed at the end."""

    def __init__(self, settings: StorageSettings) -> None:
        seconds = settings.database_statement_timeout
        self._engine = create_async_engine(
            asyncpg_url(settings.database_url.get_secret_value()),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_pool_timeout,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # of statements in errors, and so in logs
            connect_args={
                "timeout": _CONNECT_SECONDS,
                "command_timeout": seconds + 1,  # where the server does not answer at all
                "server_settings": {"statement_timeout": str(int(seconds * 1000))},
            },
        )
        self._transactional = self._engine.execution_options(isolation_level="READ COMMITTED")
        event.listen(self._engine.sync_engine.pool, "checkout", _replace_when_closed)
        trace_statements(self._engine.sync_engine)
        show_pool(self._engine.sync_engine.pool)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection where each statement stands alone: no round trips for BEGIN and COMMIT."""
        with _unavailable_when_lost():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back on an exception."""
        with _unavailable_when_lost():
            async with self._transactional.begin() as connection:
                yield connection

    async def check(self) -> None:
        """UnavailableError where the database cannot be reached."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._engine.dispose()


def _replace_when_closed(driver: Any, record: object, proxy: object) -> None:
    """Have the pool make a new connection for one that the server has closed since its last use.

    The driver knows of it, so that no statement need be sent ahead, as SQLAlchemy's pre-ping does.
    """
    if driver.driver_connection.is_closed():
        raise DisconnectionError


@contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    """Tell a database that cannot be reached (the caller may try again) from a fault of ours."""
    try:
        yield
    except (
        OSError,
        PoolTimeoutError,
        CannotConnectNowError,
        PostgresConnectionError,
        TooManyConnectionsError,
    ) as error:
        raise UnavailableError("the database cannot be reached") from error
    except DBAPIError as error:
        cause = error.orig and error.orig.__cause__
        if isinstance(cause, QueryCanceledError):
            raise UnavailableError("the database took too long") from error
        if isinstance(cause, CannotConnectNowError):  # it starts, or stops
            raise UnavailableError("the database cannot be reached") from error
        if not error.connection_invalidated:
            raise
        raise UnavailableError("the connection to the database was lost") from error
