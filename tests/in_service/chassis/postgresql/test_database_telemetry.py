"""What is told of the database: statements are spans and samples, the pool is measured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import httpx2
import pytest
from asyncpg.exceptions import DivisionByZeroError
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from orders.chassis import UnavailableError
from orders.storage import StorageSettings, tracing
from orders.storage.engine import Database

from ..service import free_ports, running
from .collector import collecting
from .observed import Observed, eventually


def test_statement_is_a_span_without_its_parameters(observed: Observed, api: httpx2.Client) -> None:
    name = f"Teapot {uuid4()}"
    response = api.post("/faulty/things", json={"name": name})

    statement, about = observed.spans(response)
    assert (statement.name, statement.kind) == ("INSERT", "CLIENT")
    assert statement.parent == about.span_id
    assert statement.attributes.keys() >= {"db.namespace", "server.address", "server.port"}
    assert statement.attributes["db.system.name"] == "postgresql"
    assert statement.attributes["db.operation.name"] == "INSERT"
    assert statement.attributes["db.query.text"].startswith("INSERT INTO faulty.things ")
    assert name.encode() not in observed.collector.raw
    assert name not in observed.service.text


def test_statement_is_a_sample(
    observed: Observed, api: httpx2.Client, storage_settings: dict[str, str]
) -> None:
    labels = {
        "db_system_name": "postgresql",
        "db_namespace": make_url(storage_settings["DATABASE_URL"]).database or "",
        "db_operation_name": "INSERT",
        "error_type": "",
    }

    def sample(suffix: str, **more: str) -> float:
        found = frozenset((labels | more).items())
        return observed.samples().get((f"db_client_operation_duration_seconds_{suffix}", found), 0)

    before = sample("count"), sample("sum")
    api.post("/faulty/things", json={"name": "Teapot"})
    assert sample("count") == before[0] + 1
    assert before[1] < sample("sum") < before[1] + 10
    assert sample("bucket", le="+Inf") == sample("count")


def test_pool_is_measured(observed: Observed, api: httpx2.Client) -> None:
    api.get("/faulty/things")  # so that there is a connection
    pool = frozenset({("db_client_connection_pool_name", "things")})

    def count(state: str) -> float:
        labels = pool | {("db_client_connection_state", state)}
        return observed.samples()["db_client_connection_count", labels]

    assert eventually(lambda: count("idle"), "an idle connection") >= 1
    assert count("used") == 0
    most = StorageSettings.model_fields["database_pool_size"].default
    assert observed.samples()["db_client_connection_max", pool] == most


def test_password_of_an_unreachable_database_is_told_nowhere() -> None:
    password = f"hidden-{uuid4().hex}"
    [nowhere] = free_ports(1)
    with collecting() as collector:
        settings = {
            "DATABASE_URL": f"postgresql://app:{password}@127.0.0.1:{nowhere}/orders",
            "LOG_LEVEL": "debug",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_TRACES_SAMPLER_ARG": "1",
        }
        with running(module="tests.chassis.faulty", **settings) as service:
            answers = [
                httpx2.get(f"{service.api}/faulty/things"),
                httpx2.post(f"{service.api}/faulty/things", json={"name": "A"}),
                httpx2.get(f"{service.management}/health"),
                httpx2.get(f"{service.management}/info"),
            ]
            service.terminate()
            log = service.text

    assert [answer.status_code for answer in answers] == [503, 503, 200, 200]
    checked = answers[2].json()["checks"]["database"]
    assert checked["reachable"] is False
    assert checked["reason"].startswith("the database cannot be reached: ")
    assert password not in "".join(answer.text for answer in answers)
    assert password not in log
    assert len(collector.spans) >= 2
    assert password.encode() not in collector.raw


@pytest.fixture
async def database(storage_settings: dict[str, str]) -> AsyncIterator[Database]:
    """Connections of this process, for short statements."""
    settings = StorageSettings(
        database_url=storage_settings["DATABASE_URL"], database_statement_timeout=0.5
    )
    async with Database(settings) as connections:
        yield connections


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of this process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer(__name__))
    return exporter


async def ask(database: Database, statement: str) -> None:
    async with database.reading() as connection:
        await connection.execute(text(statement))


async def read_rows(database: Database, statement: str) -> None:
    async with database.writing() as connection:
        await connection.stream(text(statement))


Samples = dict[tuple[str, str], float]


def counted() -> Samples:
    """How many statements of this process there were, by operation and error."""
    counts: Samples = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.name == "db_client_operation_duration_seconds_count":
                key = sample.labels["db_operation_name"], sample.labels["error_type"]
                counts[key] = counts.get(key, 0.0) + sample.value
    return counts


async def counts_of(database: Database, *statements: str) -> Samples:
    """What is counted of these statements, each on its own."""
    before = counted()
    for statement in statements:
        with suppress(DBAPIError, UnavailableError):
            await ask(database, statement)
    return {
        key: number - before.get(key, 0)
        for key, number in counted().items()
        if number > before.get(key, 0)
    }


async def test_operations_are_of_a_known_set(database: Database) -> None:
    assert await counts_of(
        database,
        "SELECT 1",
        "select 1",
        "\n  (SELECT 1) UNION SELECT 2",
        "SELECT(1)",
        "WITH one AS (SELECT 1) SELECT * FROM one",
        "DELETE FROM faulty.things WHERE false",
        "SHOW search_path",
        "SET search_path TO public",
        "-- a comment\nSELECT 1",
        "",
    ) == {("SELECT", ""): 4, ("WITH", ""): 1, ("DELETE", ""): 1, ("OTHER", ""): 4}
    gibberish = [f"{word}{number} 1" for number in range(20) for word in ("SELECT", "NONSENSE")]
    assert await counts_of(database, *gibberish) == {("OTHER", "PostgresSyntaxError"): 40}


async def test_failures_are_counted_by_their_kind(
    database: Database, spans: InMemorySpanExporter
) -> None:
    statements = ("SELECT 1 / 0", "UPDATE nothing SET number = 1", "SELECT pg_sleep(5)")
    with tracing._tracer.start_as_current_span("request"):
        counts = await counts_of(database, *statements)

    kinds = ["DivisionByZeroError", "UndefinedTableError", "QueryCanceledError"]
    operations = ["SELECT", "UPDATE", "SELECT"]
    assert counts == dict.fromkeys(zip(operations, kinds, strict=True), 1)
    *told, request = spans.get_finished_spans()
    assert [span.attributes and span.attributes["error.type"] for span in told] == kinds
    assert [span.name for span in (*told, request)] == [*operations, "request"]


async def test_statement_that_is_given_up_is_counted(
    database: Database, spans: InMemorySpanExporter
) -> None:
    before = counted().get(("SELECT", "CancelledError"), 0)
    await ask(database, "SELECT 1")  # so that the connection is there
    with tracing._tracer.start_as_current_span("request"), pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(database, "SELECT pg_sleep(0.4)"), 0.1)

    assert counted()["SELECT", "CancelledError"] == before + 1
    assert [span.status.is_ok for span in spans.get_finished_spans()] == [False, True]


async def test_statement_that_fails_while_it_is_read_is_counted_once(database: Database) -> None:
    before = counted()
    with pytest.raises(DivisionByZeroError):
        await read_rows(database, "SELECT 1 / (3 - n) FROM generate_series(1, 9) n")

    assert sum(counted().values()) == sum(before.values()) + 1
