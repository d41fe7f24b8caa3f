"""Connections to PostgreSQL: reads in autocommit, writes in explicit transactions."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self

from asyncpg.exceptions import CannotConnectNowError, PostgresConnectionError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ..chassis import UnavailableError
from .settings import StorageSettings


def asyncpg_url(database_url: str) -> URL:
    """The address with the driver that this service uses."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


class Database:
    """A pool of connections: none is made before the first query, all are closed at the end."""

    def __init__(self, settings: StorageSettings) -> None:
        self._engine = create_async_engine(
            asyncpg_url(settings.database_url.get_secret_value()),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_pool_timeout,
            isolation_level="AUTOCOMMIT",
        )
        self._transactional = self._engine.execution_options(isolation_level="READ COMMITTED")

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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._engine.dispose()


@contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    """Tell a database that cannot be reached (the caller may try again) from a fault of ours."""
    try:
        yield
    except (OSError, PoolTimeoutError, CannotConnectNowError, PostgresConnectionError) as error:
        raise UnavailableError("the database cannot be reached") from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise UnavailableError("the connection to the database was lost") from error
