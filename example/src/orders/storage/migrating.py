"""Runs migrations one process at a time, without blocking requests for long."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from .engine import NO_CONNECTION, migration_engine
from .outages import outage_of_connection
from .settings import StorageSettings

# While a migration waits for a lock on a table, all requests for the table wait behind it.
_LOCK_TIMEOUT = "2s"
_LOCK_NOT_AVAILABLE = "55P03"
_LONGEST_PAUSE = 8.0
_PATIENCE_SECONDS = 540.0  # for all attempts together: less than the deadline of the job

# Any number will do, as long as every migration of this service takes the same lock.
_IS_ALONE = "SELECT pg_try_advisory_xact_lock(4207849484)"
_SECONDS_BETWEEN_LOOKS = 0.5

_log = structlog.get_logger(__name__)


async def migrate(settings: StorageSettings, run: Callable[[Connection], None]) -> None:
    """Call `run` with a connection. Where a lock on a table is not free, call it again later.

    If two processes run at once, the second waits, and then has nothing left to do. The lock is
    held by a separate connection, so migrations may commit their own transaction early.
    """
    until = monotonic() + _PATIENCE_SECONDS
    async with AsyncExitStack() as stack:
        try:
            keeper = await stack.enter_async_context(migration_engine(settings).connect())
            session = (await keeper.get_raw_connection()).driver_connection
        except NO_CONNECTION as error:
            outage = outage_of_connection(error)
            raise _stopped(outage.cause, outage.remedy, str(error)) from None
        await _await_turn(session, until)
        await _run_patiently(migration_engine(settings, _LOCK_TIMEOUT), run, until)


async def _await_turn(session: Any, until: float) -> None:
    """Take the lock, for as long as the session lasts.

    It polls, and releases its snapshot each time: CREATE INDEX CONCURRENTLY waits for all older
    snapshots.
    """
    await session.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    await session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    waits = False
    while True:
        is_alone = await session.fetchval(_IS_ALONE)
        await session.execute("SELECT 1")  # by the simple protocol, which leaves no snapshot
        if is_alone:
            return
        if monotonic() > until:
            remedy = "find who holds the lock: pg_locks, locktype advisory, objid 4207849484"
            raise _stopped("another migration has not ended", remedy)
        if not waits:
            _log.info("another migration runs; waiting for its end")
            waits = True
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def _stopped(reason: str, remedy: str, error: str = "") -> SystemExit:
    _log.critical("cannot migrate", reason=reason, remedy=remedy, error=error)
    return SystemExit(1)


async def _run_patiently(
    engine: AsyncEngine, run: Callable[[Connection], None], until: float
) -> None:
    while True:
        try:
            async with engine.connect() as connection:
                await connection.run_sync(run)
                await connection.commit()
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE or monotonic() > until:
                raise
        pause = random.uniform(1, _LONGEST_PAUSE)
        _log.warning("a lock was not free; trying again", pause_seconds=round(pause, 1))
        await asyncio.sleep(pause)
