"""A database that is gone, hangs, is slow or full, and what callers see of it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from orders.storage.engine import asyncpg_url

from ..service import PATIENCE_SECONDS, Service, running
from .databases import connector, through
from .proxy import Proxy, proxied

DRAFT = {"name": "Teapot"}
THINGS = "/faulty/things"
STATEMENT_SECONDS = 1.0
POOL_SECONDS = 1.0
POOL_SIZE = 2
A_MOMENT = 5.0
LOCK_TABLE = "LOCK TABLE faulty.things IN ACCESS EXCLUSIVE MODE"
LOCK_ROWS = "SELECT id FROM faulty.things FOR UPDATE"


@pytest.fixture(scope="module")
def proxy(storage_settings: dict[str, str]) -> Iterator[Proxy]:
    """A proxy in front of the database."""
    with proxied(connector(storage_settings["DATABASE_URL"])) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def behind(proxy: Proxy, storage_settings: dict[str, str]) -> Iterator[Service]:
    """A service that reaches its database through the proxy."""
    settings = impatient(through(proxy, storage_settings["DATABASE_URL"]))
    with running(module="tests.chassis.faulty", **settings) as service:
        yield service
        assert service.terminate() == 0, service.text


@pytest.fixture
async def client(behind: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of that service, which gets over what a test does to it."""
    async with httpx2.AsyncClient(base_url=behind.api, timeout=PATIENCE_SECONDS) as client:
        yield client
        assert await seconds_to_recover(client) < A_MOMENT


def impatient(address: str) -> dict[str, str]:
    """The settings of a service that does not wait long for its database."""
    return {
        "DATABASE_URL": address,
        "DATABASE_POOL_SIZE": str(POOL_SIZE),
        "DATABASE_POOL_TIMEOUT": str(POOL_SECONDS),
        "DATABASE_STATEMENT_TIMEOUT": str(STATEMENT_SECONDS),
    }


async def seconds_to_recover(client: httpx2.AsyncClient) -> float:
    """How long it takes until requests succeed, one after the other."""
    started, succeeded = time.monotonic(), 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while succeeded < 2 * POOL_SIZE:
            answer = await client.get(THINGS)
            succeeded = succeeded + 1 if answer.status_code == httpx2.codes.OK else 0
    return time.monotonic() - started


def assert_unavailable(response: httpx2.Response) -> None:
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


@asynccontextmanager
async def connected(storage_settings: dict[str, str]) -> AsyncIterator[AsyncConnection]:
    """A connection to the database itself, in a transaction."""
    engine = create_async_engine(asyncpg_url(storage_settings["DATABASE_URL"]))
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def names(storage_settings: dict[str, str]) -> list[str]:
    """The names of all things that the database has."""
    async with connected(storage_settings) as connection:
        return list(await connection.scalars(text("SELECT name FROM faulty.things")))


async def waiting(connection: AsyncConnection) -> int:
    """The process of the server that waits for a lock, once there is one."""
    query = text(
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            # Within a transaction it would show the same all the time.
            await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
            for process in await connection.scalars(query):
                return int(process)
            await asyncio.sleep(0.01)


async def test_database_that_refuses_connections(
    behind: Service, client: httpx2.AsyncClient, proxy: Proxy
) -> None:
    proxy.refuse()
    proxy.cut()
    try:
        for _ in range(3):
            started = time.monotonic()
            assert_unavailable(await client.get(THINGS))
            assert time.monotonic() - started < A_MOMENT
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        health = (await client.get(f"{behind.management}/health")).json()
        assert health["checks"]["database"]["reachable"] is False
        assert "database" in health["checks"]["database"]["reason"]
    finally:
        proxy.accept()

    assert await seconds_to_recover(client) < A_MOMENT
    health = (await client.get(f"{behind.management}/health")).json()
    assert health["checks"]["database"]["reachable"] is True


async def test_idle_connections_that_were_cut_are_replaced(
    client: httpx2.AsyncClient, proxy: Proxy
) -> None:
    await seconds_to_recover(client)
    proxy.cut()
    await asyncio.sleep(0.2)  # the news has to arrive

    for _ in range(2 * POOL_SIZE):
        assert (await client.get(THINGS)).status_code == 200


async def test_connection_that_is_cut_in_the_middle_of_a_statement(
    client: httpx2.AsyncClient, proxy: Proxy, storage_settings: dict[str, str]
) -> None:
    async with connected(storage_settings) as connection:
        await connection.execute(text(LOCK_TABLE))
        request = asyncio.create_task(client.get(THINGS))
        await waiting(connection)
        proxy.cut()
        assert_unavailable(await request)


async def test_process_of_the_database_that_is_killed_in_a_transaction(
    client: httpx2.AsyncClient, storage_settings: dict[str, str]
) -> None:
    item = await client.post(THINGS, json=DRAFT)
    place = item.headers["location"]
    async with connected(storage_settings) as connection:
        await connection.execute(text(LOCK_ROWS))
        request = asyncio.create_task(client.put(place, json={"name": "killed"}))
        await connection.execute(text(f"SELECT pg_terminate_backend({await waiting(connection)})"))
        assert_unavailable(await request)

    assert "killed" not in await names(storage_settings)
    assert (await client.get(place)).json() == item.json()


async def test_statement_that_takes_too_long_is_ended(
    client: httpx2.AsyncClient, storage_settings: dict[str, str]
) -> None:
    place = (await client.post(THINGS, json=DRAFT)).headers["location"]
    async with connected(storage_settings) as connection:
        await connection.execute(text(LOCK_ROWS))
        response = await client.put(place, json=DRAFT)

    assert_unavailable(response)
    assert response.json()["detail"] == "the database took too long"
    assert (await client.put(place, json=DRAFT)).status_code == 200


async def test_requests_that_find_no_free_connection(
    client: httpx2.AsyncClient, storage_settings: dict[str, str]
) -> None:
    async with connected(storage_settings) as connection:
        await connection.execute(text(LOCK_TABLE))
        started = time.monotonic()
        answers = await asyncio.gather(*(client.get(THINGS) for _ in range(10)))
        seconds = time.monotonic() - started
        assert (await client.get("/livez")).status_code == 200

    for answer in answers:
        assert_unavailable(answer)
    assert seconds < STATEMENT_SECONDS + POOL_SECONDS + A_MOMENT


async def test_database_that_hangs(
    behind: Service, client: httpx2.AsyncClient, proxy: Proxy
) -> None:
    await seconds_to_recover(client)
    proxy.hang()
    try:
        started = time.monotonic()
        answers = await asyncio.gather(*(client.get(THINGS) for _ in range(10)))
        seconds = time.monotonic() - started
        assert (await client.get("/livez")).status_code == 200
        health = (await client.get(f"{behind.management}/health")).json()
    finally:
        proxy.flow()

    assert "the database cannot be reached: " in health["checks"]["database"]["reason"]
    for answer in answers:
        assert_unavailable(answer)
    # The driver waits for a second more than the server should need.
    assert seconds < STATEMENT_SECONDS + 1 + POOL_SECONDS + A_MOMENT


def test_stop_while_the_database_hangs(proxy: Proxy, storage_settings: dict[str, str]) -> None:
    settings = impatient(through(proxy, storage_settings["DATABASE_URL"]))
    with running(module="tests.chassis.faulty", **settings) as service:
        assert httpx2.get(f"{service.api}{THINGS}").status_code == 200
        proxy.hang()
        try:
            assert service.terminate() == 0
        finally:
            proxy.flow()
        assert "stopping: storage closed" in service.text


async def test_service_that_is_killed_in_a_transaction(storage_settings: dict[str, str]) -> None:
    with running(module="tests.chassis.faulty", **storage_settings) as service:
        async with (
            httpx2.AsyncClient(base_url=service.api, timeout=PATIENCE_SECONDS) as client,
            connected(storage_settings) as connection,
        ):
            await connection.execute(text(LOCK_TABLE))
            post = asyncio.create_task(client.post(THINGS, json={"name": "lost"}))
            await waiting(connection)
            service.process.send_signal(signal.SIGKILL)
            service.process.wait(PATIENCE_SECONDS)
            with pytest.raises(httpx2.TransportError):
                await post

    assert "lost" not in await names(storage_settings)
