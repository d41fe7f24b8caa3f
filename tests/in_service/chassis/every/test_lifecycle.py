"""From start to stop: in which order, how long, and what callers see of it."""

import asyncio
import json
import signal
import socket
import time

import httpx2

from ..service import PATIENCE_SECONDS, free_ports, refused_start, running
from .observed import eventually


async def test_stop_goes_step_by_step_and_answers_all_the_while(
    storage_settings: dict[str, str],
) -> None:
    with running(module="tests.chassis.faulty", **storage_settings, SHUTDOWN_DELAY=0.5) as service:
        async with httpx2.AsyncClient(base_url=service.api) as client:
            slow = asyncio.create_task(client.get("/faulty/slow", params={"seconds": 1.2}))
            await _active(service.management, 1)
            service.process.send_signal(signal.SIGTERM)
            while (ready := await client.get("/readyz")).status_code == httpx2.codes.OK:
                await asyncio.sleep(0.01)

            assert (ready.status_code, ready.text) == (503, "stopping\n")
            assert (await client.get("/livez")).status_code == 200
            served = await client.get("/faulty/things")
            assert (served.status_code, served.headers["connection"]) == (200, "close")
            metrics = await client.get(f"{service.management}/metrics")
            assert "http_server_active_requests 1.0" in metrics.text

            finished = await slow
            assert (finished.status_code, finished.headers["connection"]) == (200, "close")
        assert service.process.wait(PATIENCE_SECONDS) == 0
        log = service.log

    events = [line["event"] for line in log if line["event"] != "request"]
    assert events == [
        "ready",
        "signal",
        "stopping: not ready",
        "stopping: no more connections",
        "stopping: requests finished",
        "stopping: storage closed",
        "stopped",
    ]
    [finish] = [line for line in log if line["event"] == "stopping: requests finished"]
    assert (finish["level"], finish["cut"]) == ("info", 0)


async def test_request_that_outlasts_the_stop_is_told_so(storage_settings: dict[str, str]) -> None:
    with running(
        module="tests.chassis.faulty", **storage_settings, SHUTDOWN_TIMEOUT=0.3
    ) as service:
        async with httpx2.AsyncClient(base_url=service.api, timeout=PATIENCE_SECONDS) as client:
            slow = asyncio.create_task(client.get("/faulty/slow", params={"seconds": 60}))
            await _active(service.management, 1)
            service.process.send_signal(signal.SIGTERM)
            cut = await slow
        assert service.process.wait(PATIENCE_SECONDS) == 0
        log = service.log

    assert (cut.status_code, cut.headers["retry-after"]) == (503, "1")
    assert cut.json()["detail"] == "the service is stopping"
    assert cut.json()["request_id"] == cut.headers["x-request-id"]
    [finish] = [line for line in log if line["event"] == "stopping: requests finished"]
    assert (finish["level"], finish["cut"]) == ("warning", 1)


async def test_second_signal_hurries(storage_settings: dict[str, str]) -> None:
    patience = {"SHUTDOWN_DELAY": 10, "SHUTDOWN_TIMEOUT": 10}
    with running(module="tests.chassis.faulty", **storage_settings, **patience) as service:
        async with httpx2.AsyncClient(base_url=service.api, timeout=PATIENCE_SECONDS) as client:
            slow = asyncio.create_task(client.get("/faulty/slow", params={"seconds": 60}))
            await _active(service.management, 1)
            started = time.monotonic()
            service.process.send_signal(signal.SIGINT)
            eventually(lambda: "stopping: not ready" in service.text, "a stop")
            service.process.send_signal(signal.SIGTERM)
            assert (await slow).status_code == 503
        assert service.process.wait(PATIENCE_SECONDS) == 0
        assert time.monotonic() - started < 10
        signals = [line["signal"] for line in service.log if line["event"] == "signal"]

    assert signals == ["SIGINT", "SIGTERM"]


def test_stop_that_takes_longer_than_the_platform_waits_is_refused(
    storage_settings: dict[str, str],
) -> None:
    status, text = refused_start(
        **storage_settings, SHUTDOWN_DELAY=10, SHUTDOWN_TIMEOUT=16, SHUTDOWN_GRACE_PERIOD=30
    )

    assert status == 2
    assert len(text.splitlines()) == 1
    for name in ("SHUTDOWN_DELAY", "SHUTDOWN_TIMEOUT", "SHUTDOWN_GRACE_PERIOD"):
        assert name in text


def test_management_port_in_use_stops_the_start(storage_settings: dict[str, str]) -> None:
    free, used = free_ports(2)
    with socket.create_server(("127.0.0.1", used)):
        status, text = refused_start(
            **storage_settings, HOST="127.0.0.1", PORT=free, MANAGEMENT_PORT=used
        )

    assert status == 1
    [line] = [json.loads(line) for line in text.splitlines()]
    assert line["event"] == "cannot start"
    assert f"port {used}" in line["reason"]
    assert "MANAGEMENT_PORT" in line["reason"]


async def _active(management: str, count: int) -> None:
    """Wait until so many requests are being handled."""
    async with httpx2.AsyncClient(base_url=management) as client:
        while (await client.get("/health")).json()["active_requests"] != count:
            await asyncio.sleep(0.01)
