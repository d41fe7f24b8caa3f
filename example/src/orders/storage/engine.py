"""Connections to PostgreSQL: reads in autocommit, writes in explicit transactions."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Self

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from ..chassis import UnavailableError
from .address import Address, read_address
from .liveness import keep_alive, watch
from .metrics import show_pool
from .outages import (
    LOST,
    DatabaseUnavailableError,
    Outages,
    outage_of_connection,
    outage_of_statement,
)
from .settings import StorageSettings
from .tracing import trace_statements

_CONNECT_SECONDS = 3.0
# Behind a pooler, each transaction may run in another session, so session settings and named
# prepared statements cannot be used.
_WITHOUT_SESSION: dict[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
NO_CONNECTION = (
    ArithmeticError,
    InterfaceError,
    InternalClientError,
    LookupError,
    OSError,
    PostgresError,
    SQLAlchemyError,
    ValueError,
)
"""Errors that a failed connection attempt can raise; the built-in ones come from bad addresses."""


def asyncpg_url(database_url: str) -> URL:
    """The address for SQLAlchemy, with the driver that this service uses."""
    return read_address(database_url).url


def migration_engine(settings: StorageSettings, lock_timeout: str | None = None) -> AsyncEngine:
    """Connections for migrations; a transaction waits for each lock for `lock_timeout`.

    It does not apply outside of transactions: CREATE INDEX CONCURRENTLY waits and blocks nobody.
    """
    address = read_address(settings.database_url.get_secret_value())
    arguments = _connecting(address) | _WITHOUT_SESSION
    engine = create_async_engine(address.url, poolclass=NullPool, connect_args=arguments)
    event.listen(engine.sync_engine.pool, "connect", keep_alive)
    if lock_timeout:
        _set_in_transactions(engine, "lock_timeout", lock_timeout)
    return engine


class Database:
    """A pool of connections: none is made before the first query, all are closed at the end.

    A service with several databases gives each a `name` for metrics and logs.
    """

    def __init__(self, settings: StorageSettings, name: str = "database") -> None:
        address = read_address(settings.database_url.get_secret_value())
        self._is_pooled = settings.database_pooler == "transaction"
        seconds = settings.database_statement_timeout
        arguments = _WITHOUT_SESSION if self._is_pooled else {"server_settings": _limits(settings)}
        self._outages = Outages(name)
        self._engine = create_async_engine(
            address.url,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_pool_timeout,
            pool_recycle=settings.database_connection_age,
            pool_use_lifo=True,  # so that those of a burst stay unused, and end
            isolation_level="READ COMMITTED" if self._is_pooled else "AUTOCOMMIT",
            hide_parameters=True,  # of statements in errors, and so in logs
            connect_args={
                **_connecting(address),
                "command_timeout": seconds + 1,  # where the server does not end it itself
                **arguments,
            },
        )
        self._transactional = self._engine.execution_options(isolation_level="READ COMMITTED")
        engine = self._engine.sync_engine
        watch(engine.pool, settings.database_idle_timeout)
        event.listen(engine, "handle_error", self._explain)
        if self._is_pooled:
            _set_in_transactions(self._engine, "statement_timeout", f"{_milliseconds(seconds)}ms")
        trace_statements(engine, address)
        show_pool(name, engine.pool)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection where each statement stands alone: no round trips for BEGIN and COMMIT."""
        async with self._connected(self._engine) as connection:
            yield connection
            if self._is_pooled:  # for then it is a transaction, which may have written
                await connection.commit()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back on an exception."""
        async with self._connected(self._transactional) as connection, connection.begin():
            yield connection

    async def check(self) -> None:
        """UnavailableError, with what to do, where the database does not answer."""
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except DatabaseUnavailableError as error:
            raise UnavailableError(f"{error}: {error.outage.remedy}") from error
        outage = self._outages.lasting
        if outage is not None and outage.of_writes:  # which this read did not meet
            raise UnavailableError(f"{outage.cause}: {outage.remedy}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.connect())
            except NO_CONNECTION as error:
                raise self._outages.record(outage_of_connection(error), error) from error
            yield connection
        self._outages.record_success(writing=engine is self._transactional)

    def _explain(self, failure: ExceptionContext) -> DatabaseUnavailableError | None:
        """The error for callers if the database is unavailable; None for faults of this service."""
        if failure.connection is None:
            return None  # `_connected` explains it
        error = failure.original_exception
        outage = outage_of_statement(error)
        if outage is None and failure.is_disconnect and isinstance(error, Exception):
            outage = LOST
        if outage is None:
            return None
        if outage.everywhere:
            failure.is_disconnect = True  # which has the pool replace all that it has
        return self._outages.record(outage, error)


def _connecting(address: Address) -> dict[str, Any]:
    """The driver's arguments for the time that a connection may take, at each server."""
    arguments: dict[str, Any] = {"timeout": address.seconds or _CONNECT_SECONDS}
    if address.system_authorities:
        arguments["ssl"] = True
    if len(address.servers) > 1:
        arguments["async_creator_fn"] = partial(_connect_in_turn, address)
    return arguments


async def _connect_in_turn(address: Address, **arguments: Any) -> Any:
    """Connect to the first available server; asyncpg would spend the timeout on the first one."""
    standby_first = address.attributes == "prefer-standby"
    last: Exception = OSError("no server")
    for attributes in ("standby", "any") if standby_first else (address.attributes,):
        for host, port in address.servers:
            wanted = {"host": host, "port": port, "target_session_attrs": attributes}
            try:
                return await asyncpg.connect(**arguments, **wanted)
            except NO_CONNECTION as error:
                last = error
    raise last


def _set_in_transactions(engine: AsyncEngine, setting: str, value: str) -> None:
    """Have each transaction begin with a setting: its session may be used by others, too."""

    def begin(connection: Connection) -> None:
        if connection.get_isolation_level() != "AUTOCOMMIT":
            connection.exec_driver_sql(f"SET LOCAL {setting} = '{value}'")

    event.listen(engine.sync_engine, "begin", begin)


def _limits(settings: StorageSettings) -> dict[str, str]:
    """The settings that a session of the server has, in milliseconds."""
    seconds = {
        "statement_timeout": settings.database_statement_timeout,
        "idle_session_timeout": settings.database_idle_timeout,
    }
    return {name: str(_milliseconds(value)) for name, value in seconds.items()}


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))  # 0 would be no limit
