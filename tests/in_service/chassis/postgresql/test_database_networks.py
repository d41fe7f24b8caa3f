"""Networks that drop connections without a word, and connections that are not used for long."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from orders.storage import liveness
from orders.storage.engine import Database

from .databases import connector, run, settings, through
from .proxy import Proxy, proxied

POOL_SIZE = 4


@pytest.fixture
def proxy(storage_settings: dict[str, str]) -> Iterator[Proxy]:
    with proxied(connector(storage_settings["DATABASE_URL"])) as proxy:
        yield proxy


async def use_all(database: Database) -> set[int]:
    """Use all connections of the pool at once; the server's processes."""
    met = asyncio.Barrier(POOL_SIZE)

    async def use() -> int:
        async with database.reading() as connection:
            await met.wait()
            return int(await connection.scalar(text("SELECT pg_backend_pid()")))

    return set(await asyncio.gather(*(use() for _ in range(POOL_SIZE))))


async def test_dropped_connections_cost_one_moment(
    proxy: Proxy, storage_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_IDLE_BEFORE_PING", 0.1)
    behind = settings(
        through(proxy, storage_settings["DATABASE_URL"]), database_pool_size=POOL_SIZE
    )
    async with Database(behind) as database:
        await use_all(database)
        proxy.forget()
        await asyncio.sleep(0.2)

        started = time.monotonic()
        assert await run(database, "SELECT 1") == 1
        first = time.monotonic()
        for _ in range(2 * POOL_SIZE):
            assert await run(database, "SELECT 1") == 1
        await use_all(database)

        assert first - started < 2.5  # the ping's second
        assert time.monotonic() - first < 2.0


async def test_unused_connection_is_replaced_before_the_server_ends_it(
    storage_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_PING_SECONDS", 9.9)  # that it is replaced before, in seconds
    at_most = settings(storage_settings["DATABASE_URL"], database_idle_timeout=10)
    async with Database(at_most) as database:
        limit = await run(database, "SELECT current_setting('idle_session_timeout')")
        process = await run(database, "SELECT pg_backend_pid()")
        assert await run(database, "SELECT pg_backend_pid()") == process
        assert limit == "10s"

        await asyncio.sleep(0.2)
        assert await run(database, "SELECT pg_backend_pid()") != process


async def test_connection_used_last_is_used_first(storage_settings: dict[str, str]) -> None:
    some = settings(storage_settings["DATABASE_URL"], database_pool_size=POOL_SIZE)
    async with Database(some) as database:
        assert len(await use_all(database)) == POOL_SIZE
        assert len({await run(database, "SELECT pg_backend_pid()") for _ in range(8)}) == 1


async def test_kernel_watches_over_connections(
    proxy: Proxy, storage_settings: dict[str, str]
) -> None:
    behind = settings(through(proxy, storage_settings["DATABASE_URL"]))
    async with Database(behind) as database, database.reading() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        shared = raw.driver_connection._transport.get_extra_info("socket")
        assert shared.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert shared.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
