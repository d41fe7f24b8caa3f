"""The primary fails and a standby takes its place, over two real servers, as a caller sees it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from orders.storage.engine import Database

from ..service import PATIENCE_SECONDS, running
from .databases import another_server, connector, copy_server, run, settings, through
from .proxy import Proxy, proxied

SECONDS_TO_FAIL_OVER = 5.0
CONNECTIONS = 8
THINGS = "/faulty/things"
READ_ONLY = "the database is read-only"


@dataclass
class Pair:
    """A primary, the standby that follows it, and an address that leads to one of them."""

    primary: str
    standby: str
    proxy: Proxy
    current: list[str]

    @property
    def address(self) -> str:
        return through(self.proxy, self.primary)

    def move(self) -> None:
        """From now on the address leads to the standby; connections stay where they are."""
        self.current.append(self.standby)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with another_server(tmp_path / "one") as primary:
        copy_server(primary, tmp_path / "two")
        with another_server(tmp_path / "two") as standby:
            current = [primary]
            with proxied(lambda: connector(current[-1])()) as proxy:
                yield Pair(primary, standby, proxy, current)


@asynccontextmanager
async def served(pair: Pair) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a service that has as many connections to the primary as it may."""
    variables = {"DATABASE_URL": pair.address, "DATABASE_POOL_SIZE": str(CONNECTIONS)}
    with running(module="tests.chassis.faulty", **variables) as service:
        async with httpx2.AsyncClient(base_url=service.api, timeout=PATIENCE_SECONDS) as client:
            assert await write(client, CONNECTIONS) == {201}
            yield client
            ready = await client.get("/readyz")
            assert ready.status_code == 200
        assert service.terminate() == 0, service.text


async def write(client: httpx2.AsyncClient, times: int = 1) -> set[int]:
    """The statuses of writes at the same time."""
    posts = (client.post(THINGS, json={"name": "Teapot"}) for _ in range(times))
    return {answer.status_code for answer in await asyncio.gather(*posts)}


async def refusal(client: httpx2.AsyncClient) -> str:
    """Why a write is refused, which the caller may try again in a second."""
    answer = await client.post(THINGS, json={"name": "Teapot"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    return str(answer.json()["detail"])


async def seconds_to_write(client: httpx2.AsyncClient) -> float:
    """How long it takes until writes succeed; those before are refused as they should be."""
    started = time.monotonic()
    while (statuses := await write(client)) != {201}:
        assert statuses == {503}
        assert time.monotonic() - started < SECONDS_TO_FAIL_OVER
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def count(address: str) -> int:
    async with Database(settings(address)) as database:
        return int(await run(database, "SELECT count(*) FROM faulty.things"))


async def alter(address: str, *statements: str) -> None:
    async with Database(settings(address)) as database, database.reading() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


async def followed(pair: Pair) -> int:
    """How many things the standby has, once it has all that the primary has."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await count(pair.standby) != (written := await count(pair.primary)):
            await asyncio.sleep(0.05)
    return written


async def test_primary_that_dies(pair: Pair) -> None:
    async with served(pair) as client:
        written = await followed(pair)
        pair.proxy.cut()
        pair.move()

        # It is there before it is promoted: reads succeed, writes do not.
        await asyncio.sleep(0.2)  # the news has to arrive
        assert await refusal(client) == READ_ONLY
        assert (await client.get(THINGS)).status_code == 200
        await alter(pair.standby, "SELECT pg_promote()")
        await seconds_to_write(client)
        assert await write(client, CONNECTIONS) == {201}
    assert await count(pair.standby) == written + CONNECTIONS + 1


async def test_primary_that_keeps_its_connections_and_turns_read_only(pair: Pair) -> None:
    async with served(pair) as client:
        await followed(pair)
        pair.move()
        await alter(pair.standby, "SELECT pg_promote()")
        read_only = "ALTER SYSTEM SET default_transaction_read_only = on"
        await alter(pair.primary, read_only, "SELECT pg_reload_conf()")
        await asyncio.sleep(0.2)  # the news has to arrive

        assert await refusal(client) == READ_ONLY
        await seconds_to_write(client)
        assert await write(client, CONNECTIONS) == {201}
