"""Why a statement or a connection failed: what PostgreSQL's error codes mean for a caller.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import asyncio
import math
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from ssl import SSLCertVerificationError
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import structlog
from asyncpg.exceptions import (
    InvalidCachedStatementError,
    OutdatedSchemaCacheError,
    ProtocolViolationError,
    TargetServerAttributeNotMatched,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..chassis import UnavailableError
from .metrics import count_outage, show_outages

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_MORE_ATTEMPTS = 2
_LONGEST_PAUSE = 0.05
_SECONDS_BETWEEN_LINES = 60.0
PLAYBOOK = "docs/playbook.md#the-database-is-unavailable"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outage:
    """Why the database is unavailable, independently of this service.

    `cause` is the message for callers and a metric label, `remedy` is for the person on call.
    `lasts`: a state of the database, not of one statement. `of_writes`: only writes fail.
    `everywhere`: the pool's other connections are affected, too. `undone`: the transaction was
    rolled back, so it can run again.
    """

    cause: str
    remedy: str
    lasts: bool = True
    of_writes: bool = False
    everywhere: bool = False
    undone: bool = False


LOST = Outage("the connection to the database was lost", "wait: new ones are made", everywhere=True)
UNREACHABLE = Outage(
    "the database cannot be reached", "check that it runs, and the network between"
)
NO_CONNECTION_FREE = Outage(
    "no connection to the database is free",
    "see whether statements are slow; else scale, or raise DATABASE_POOL_SIZE",
    lasts=False,
)
TOO_SLOW = Outage(
    "the database took too long", "see which statements are slow or wait for a lock", lasts=False
)
_SILENT = Outage(
    "the database took too long", "check whether it hangs, and the network between", everywhere=True
)
_REFUSED = Outage(
    "the database refuses the login",
    "check the user and the password in DATABASE_URL, the user's rights, and pg_hba.conf",
)
_UNTRUSTED = Outage(
    "the certificate of the database is not trusted",
    "check sslrootcert and the host in DATABASE_URL, and the certificate's names and dates",
)
_MISSING = Outage("the database does not exist", "check the database name in DATABASE_URL")
_CLOSED = Outage("the database takes no connections", "allow them: ALTER DATABASE")
_READ_ONLY = Outage(
    "the database is read-only",
    "after a failover, wait until the address leads to the new primary; else make it writable",
    of_writes=True,
    everywhere=True,
)
_FULL = Outage("the database has no space left", "give its disk more space", of_writes=True)
_NO_SETTINGS = Outage(
    "the database refuses the settings of a session",
    "behind a pooler such as PgBouncer, set DATABASE_POOLER=transaction; else see `options`",
)
_EXHAUSTED = Outage("the database has no resources left", "check its memory and its settings")
_TOO_MANY = Outage(
    "the database has too many connections",
    "raise max_connections, or lower DATABASE_POOL_SIZE or the number of instances",
)
_BROKEN = Outage("the database has a fault of its system", "check its log")
_CONFLICT = Outage(
    "another transaction was in the way", "see which transactions meet", lasts=False, undone=True
)
_LOCKED = Outage("another transaction holds a lock", "find the session that holds it", lasts=False)
_IDLE = Outage(
    "the database ended an idle transaction",
    "find what the code awaits between the statements of a transaction",
    lasts=False,
)
_CHANGED = Outage("a table has changed", "try again", lasts=False, undone=True)

# By code, or by the class of codes, which is how it begins; the longer one counts.
_OF_STATEMENTS = {
    "08": LOST,  # connection exception
    "25006": _READ_ONLY,
    "25P03": _IDLE,
    "25P04": TOO_SLOW,  # the transaction
    "40001": _CONFLICT,  # serialization failure
    "40P01": _CONFLICT,  # deadlock
    "53": _EXHAUSTED,
    "53100": _FULL,
    "53300": _TOO_MANY,
    "55P03": _LOCKED,
    "57014": TOO_SLOW,  # canceled by statement_timeout
    "57P": LOST,  # shut down, crashed
    "57P05": _IDLE,  # the session
    "58": _BROKEN,
}
_OF_LOGINS = {
    "22023": _NO_SETTINGS,  # invalid value of a parameter
    "28": _REFUSED,
    "3D000": _MISSING,
    "42501": _REFUSED,  # no right to connect
    "42704": _NO_SETTINGS,  # unknown parameter
    "53": _EXHAUSTED,
    "53300": _TOO_MANY,
    "55000": _CLOSED,
}


_OTHERS = (LOST, NO_CONNECTION_FREE, UNREACHABLE, _CHANGED, _NO_SETTINGS, _SILENT, _UNTRUSTED)
_CAUSES = {each.cause for each in (*_OF_STATEMENTS.values(), *_OF_LOGINS.values(), *_OTHERS)}


def outage_of_statement(error: BaseException) -> Outage | None:
    """Why a statement failed; None where the fault is in this service."""
    for cause in _causes(error):
        if isinstance(cause, InvalidCachedStatementError | OutdatedSchemaCacheError):
            return _CHANGED
        if outage := _by_code(_OF_STATEMENTS, cause):
            return outage
        if isinstance(cause, TimeoutError):
            return _SILENT
        if isinstance(cause, OSError):
            return LOST
    return None


def outage_of_connection(error: BaseException) -> Outage:
    """Why there was no connection."""
    if isinstance(error, PoolTimeoutError):
        return NO_CONNECTION_FREE
    for cause in _causes(error):
        if isinstance(cause, TargetServerAttributeNotMatched):
            return _READ_ONLY
        if isinstance(cause, ProtocolViolationError) and "startup parameter" in str(cause):
            return _NO_SETTINGS  # as PgBouncer says
        if isinstance(cause, SSLCertVerificationError):
            return _UNTRUSTED
        if outage := _by_code(_OF_LOGINS, cause):
            return outage
    return UNREACHABLE


def _causes(error: BaseException) -> list[BaseException]:
    """The error and its causes, innermost first: server, driver, SQLAlchemy."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    return causes[::-1]


def _by_code(outages: dict[str, Outage], error: BaseException) -> Outage | None:
    code: str = getattr(error, "sqlstate", None) or ""
    return next((outages[code[:n]] for n in (5, 3, 2) if code[:n] in outages), None)


class DatabaseUnavailableError(UnavailableError):
    """The database is unavailable; the message is the cause."""

    def __init__(self, outage: Outage) -> None:
        super().__init__(outage.cause)
        self.outage = outage


class Outages:
    """The outages of a database: each is counted, and logged when it begins and ends."""

    quiet_seconds = 5.0
    """Without an outage, after which one is over."""

    def __init__(self, name: str) -> None:
        show_outages(name, _CAUSES)
        self._name = name
        self.lasting: Outage | None = None
        self._since = self._last = 0.0
        self._logged: dict[str, float] = {}  # when each cause was

    def record(self, outage: Outage, error: BaseException) -> DatabaseUnavailableError:
        """Count it, and log a cause that was not logged within the last minute."""
        count_outage(self._name, outage.cause)
        now = monotonic()
        if outage.lasts:
            self._last = now
            if self.lasting is None:
                self._since = now
            self.lasting = outage
        if now - self._logged.get(outage.cause, -math.inf) > _SECONDS_BETWEEN_LINES:
            self._logged[outage.cause] = now
            log = _log.error if outage.lasts else _log.warning
            log(
                outage.cause,
                database=self._name,
                error=_shown(error),
                remedy=outage.remedy,
                see=PLAYBOOK,
            )
        return DatabaseUnavailableError(outage)

    def record_success(self, *, writing: bool) -> None:
        """End an outage; where some statements succeed and some do not, it is not over yet."""
        if self.lasting is None or (self.lasting.of_writes and not writing):
            return
        if monotonic() - self._last > self.quiet_seconds:
            seconds = round(self._last - self._since, 3)
            _log.info("the database is available again", database=self._name, seconds=seconds)
            self.lasting = None
            self._logged.clear()


def _shown(error: BaseException) -> str:
    """The innermost error with a message."""
    said = [each for each in _causes(error) if str(each)]
    shown = said[0] if said else error
    return f"{type(shown).__name__}: {shown}".strip(": ")


def retried(
    method: Callable[Arguments, Coroutine[Any, Any, Result]],
) -> Callable[Arguments, Coroutine[Any, Any, Result]]:
    """Run a method again if the database rolled its transaction back, as after a deadlock.

    The method must open its transaction itself, and have no side effects outside of it. With
    `reading()`, where each statement commits by itself, it must only read.
    """

    @wraps(method)
    async def repeating(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        for _ in range(_MORE_ATTEMPTS):
            try:
                return await method(*arguments, **named)
            except DatabaseUnavailableError as error:
                if not error.outage.undone:
                    raise
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))
        return await method(*arguments, **named)

    return repeating
