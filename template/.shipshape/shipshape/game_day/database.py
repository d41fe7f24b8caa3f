"""The faults of a database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ..errors import ShipshapeError
from .faults import Fault, stopped
from .stack import Stack

_PSQL = 'PGAPPNAME=drill psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command "$0"'
_LOCK = (
    "DO $$ BEGIN LOOP LOCK TABLE faulty.things; PERFORM pg_sleep({held}); COMMIT; "
    "PERFORM pg_sleep({free}); COMMIT; END LOOP; END $$"
)
_UNLOCK = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'drill' AND pid <> pg_backend_pid()"
)


def _sql(stack: Stack, statement: str) -> str:
    return stack.compose("exec", "--no-TTY", "database", "sh", "-c", _PSQL, statement)


def _locked(held: float, free: float) -> Callable[[Stack], AbstractContextManager[None]]:
    """Somebody locks a table for so many seconds, lets go of it for so many, and again."""

    @contextmanager
    def locked(stack: Stack) -> Iterator[None]:
        def lock() -> None:
            try:
                _sql(stack, _LOCK.format(held=held, free=free))
            except ShipshapeError:
                pass  # its end is that of its connection

        locking = threading.Thread(target=lock, daemon=True)
        locking.start()
        try:
            yield
        finally:
            _sql(stack, _UNLOCK)
            locking.join()

    return locked


def clean_up(stack: Stack) -> None:
    """Drop the table of the misbehaving handlers."""
    _sql(stack, "DROP SCHEMA IF EXISTS faulty CASCADE")


FAULTS = (
    Fault(
        "database-down",
        "The database is stopped.",
        "AvailabilityBudgetBurnFast",
        "a-dependency-is-down",
        broken=stopped("database"),
    ),
    Fault(
        "slow-dependency",
        "A statement of somebody else locks a table for most of each second.",
        "LatencyBudgetBurnFast",
        "requests-are-slow",
        clients=6,
        broken=_locked(held=0.9, free=0.05),
    ),
    Fault(
        "full-pool",
        "A table is locked, and each request that waits for it keeps a connection.",
        "DatabasePoolSaturated",
        "no-connection-is-free",
        clients=16,
        broken=_locked(held=600, free=0),
    ),
)
