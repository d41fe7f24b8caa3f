"""Finds out which connections of a pool are dead, before a request has to."""

import asyncio
import os
import socket
from time import monotonic
from typing import Any

from asyncpg.exceptions import InterfaceError, PostgresError
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.pool import Pool

_IDLE_BEFORE_PING = 5.0
_PING_SECONDS = 1.0
# Bytes that nobody acknowledges end a connection after 5 s, and idle connections are probed. By
# itself, Linux waits for a quarter of an hour.
_KEEPALIVE = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPALIVE": 30,  # what macOS calls the same
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 5000,
}


def watch(pool: Pool, idle_seconds: float) -> None:
    """Have the pool replace dead connections; the server closes one unused for `idle_seconds`.

    That the server has closed one, the driver knows. That a network has dropped one without a word
    shows only in its use, where it would take many seconds.
    """

    def check(driver: Any, record: Any, proxy: object) -> None:
        unused = monotonic() - record.info.get("returned", monotonic())
        if driver.driver_connection.is_closed() or unused > idle_seconds - _PING_SECONDS:
            raise DisconnectionError
        if unused > _IDLE_BEFORE_PING and not driver.run_async(_answers):
            raise InvalidatePoolError

    event.listen(pool, "connect", keep_alive)
    event.listen(pool, "checkout", check)
    event.listen(pool, "checkin", _note_return)
    event.listen(pool, "close", _close_at_once)


def keep_alive(driver: Any, record: object) -> None:
    """Have the kernel find out, in seconds, that the other end of a connection is gone."""
    transport = driver.driver_connection._transport
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as shared:
        if shared.family not in (socket.AF_INET, socket.AF_INET6):
            return
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                shared.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _note_return(driver: Any, record: Any) -> None:
    record.info["returned"] = monotonic()


def _close_at_once(driver: Any, record: object) -> None:
    """Not with a farewell, which would wait for the answer of a peer that may be gone."""
    driver.driver_connection.terminate()


async def _answers(connection: Any) -> bool:
    try:
        async with asyncio.timeout(_PING_SECONDS):
            await connection.execute("SELECT 1")
    except (OSError, PostgresError, InterfaceError):
        return False
    return True
