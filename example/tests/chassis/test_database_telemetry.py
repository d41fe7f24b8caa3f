"""What is told of the database: statements are spans, the pool is measured, no password."""

from uuid import uuid4

import httpx2

from orders.storage import StorageSettings

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


def test_pool_is_measured(observed: Observed, api: httpx2.Client) -> None:
    api.get("/faulty/things")  # so that there is a connection

    def count(state: str) -> float:
        labels = frozenset({("db_client_connection_state", state)})
        return observed.samples()["db_client_connection_count", labels]

    assert eventually(lambda: count("idle"), "an idle connection") >= 1
    assert count("used") == 0
    most = StorageSettings.model_fields["database_pool_size"].default
    assert observed.samples()["db_client_connection_max", frozenset()] == most


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
    reason = "the database cannot be reached"
    assert answers[2].json()["checks"]["database"] == {"reachable": False, "reason": reason}
    assert password not in "".join(answer.text for answer in answers)
    assert password not in log
    assert len(collector.spans) >= 2
    assert password.encode() not in collector.raw
