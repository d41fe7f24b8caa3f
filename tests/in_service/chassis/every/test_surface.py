"""What is the same in every service: ports, metrics, ids, the log, and reasons not to start."""

import json

import httpx2
import pytest

from ..service import Service, free_ports, refused_start, running


def test_management_is_not_on_the_port_of_the_api(service: Service) -> None:
    for path in ("/metrics", "/info"):
        assert httpx2.get(f"{service.api}{path}").status_code == 404


def test_metrics_count_requests_by_their_route(service: Service) -> None:
    for number in range(3):
        httpx2.get(f"{service.api}/no/such/path/{number}")

    metrics = httpx2.get(f"{service.management}/metrics").text

    assert (
        'http_server_request_duration_seconds_count{error_type="",http_request_method="GET",'
        'http_response_status_code="404",http_route=""} ' in metrics
    )
    assert "/no/such/path" not in metrics
    assert "http_server_active_requests 0.0" in metrics
    assert 'service_build_info{commit="unknown",' in metrics


@pytest.mark.parametrize("sent", ["c0ffee-c0ffee", "a" * 64])
def test_good_request_id_is_kept(client: httpx2.Client, sent: str) -> None:
    response = client.get("/nothing", headers={"X-Request-ID": sent})

    assert response.headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["short", "with space", "x" * 65, 'quote"quote', "{{7*7}}"])
def test_bad_request_id_is_replaced(client: httpx2.Client, sent: str) -> None:
    response = client.get("/nothing", headers={"X-Request-ID": sent})

    assert len(response.headers["x-request-id"]) == 32


def test_every_line_of_the_log_is_json_from_start_to_stop(
    storage_settings: dict[str, str],
) -> None:
    with running(**storage_settings) as service:
        asked = httpx2.get(f"{service.api}/docs")
        assert service.terminate() == 0
        log = service.log

    own = [line for line in log if ".chassis." in line["logger"]]
    assert [line["event"] for line in own if line["event"] != "request"] == [
        "ready",
        "signal",
        "stopping: not ready",
        "stopping: no more connections",
        "stopping: requests finished",
        "stopping: storage closed",
        "stopped",
    ]
    [line] = [line for line in log if line.get("path") == "/docs"]
    assert line["request_id"] == asked.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/docs", 200)
    assert {line["service"] for line in log} == {"orders"}
    assert all("timestamp" in line for line in log)


def test_bad_settings_stop_the_start(storage_settings: dict[str, str]) -> None:
    status, text = refused_start(**storage_settings, PORT="http", LOG_LEVEL="loud")

    assert status == 2
    assert [line.split("=")[0] for line in text.splitlines()] == ["PORT", "LOG_LEVEL"]


def test_port_in_use_stops_the_start(service: Service, storage_settings: dict[str, str]) -> None:
    used, free = service.api.rsplit(":", 1)[1], free_ports(1)[0]

    status, text = refused_start(
        **storage_settings, HOST="127.0.0.1", PORT=used, MANAGEMENT_PORT=free
    )

    assert status == 1
    line = json.loads(text)
    assert line["event"] == "cannot start"
    assert f"port {used}" in line["reason"]
