"""The pass around every request, where the application behind it fails."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import structlog

from orders.chassis.health import Health
from orders.chassis.logging import configure_logging
from orders.chassis.metrics import Metrics
from orders.chassis.requests import RequestPass
from orders.chassis.settings import ChassisSettings

SETTINGS = ChassisSettings(otel_service_name="sample", log_format="json")


async def failing(scope: Any, receive: Any, send: Any) -> None:
    """An application with a fault."""
    raise ValueError("hunter2")


@pytest.fixture
def _logging_to_stdout() -> Iterator[None]:
    """Logs as the service writes them, until the test ends."""
    handlers = logging.getLogger().handlers[:]
    configure_logging(SETTINGS)
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers


async def ask_failing_application() -> httpx2.Response:
    transport = httpx2.ASGITransport(RequestPass(failing, Health(), Metrics(SETTINGS)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sample") as client:
        return await client.get("/anything")


async def test_unhandled_exception_is_a_problem_that_tells_nothing_of_it() -> None:
    response = await ask_failing_application()

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "hunter2" not in response.text


@pytest.mark.usefixtures("_logging_to_stdout")
async def test_unhandled_exception_is_logged_under_the_id_of_its_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    response = await ask_failing_application()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [exception] = [line for line in lines if line["event"] == "unhandled exception"]
    [request] = [line for line in lines if line["event"] == "request"]
    assert "hunter2" in exception["exception"]
    assert exception["request_id"] == request["request_id"] == response.headers["x-request-id"]
    assert request["status"] == 500


async def test_probes_say_not_ready_before_the_start_and_in_the_stop() -> None:
    health = Health()
    transport = httpx2.ASGITransport(RequestPass(failing, health, Metrics(SETTINGS)))

    async with httpx2.AsyncClient(transport=transport, base_url="http://sample") as client:
        statuses = [(await client.get("/readyz")).status_code]
        health.set_ready()
        statuses.append((await client.get("/readyz")).status_code)
        health.set_stopping()
        statuses.append((await client.get("/readyz")).status_code)
        alive = (await client.get("/livez")).status_code

    assert statuses == [503, 200, 503]
    assert alive == 200
