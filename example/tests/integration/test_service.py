"""What every service does alike: start, tell what it does, refuse what is wrong, stop."""

import json

import httpx2
import pytest

from ..service import Service, free_ports, refused_start, running


def test_probes_and_management_answer(service: Service) -> None:
    assert httpx2.get(f"{service.api}/livez").text == "alive\n"
    assert httpx2.get(f"{service.api}/readyz").text == "ready\n"

    info = httpx2.get(f"{service.management}/info").json()
    assert info["service"] == "orders"
    assert {"version", "commit", "python", "started_at"} <= info.keys()
    assert httpx2.get(f"{service.management}/nothing").status_code == 404
    refused = httpx2.post(f"{service.management}/info")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


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


def test_docs_page_needs_nothing_from_elsewhere(client: httpx2.Client) -> None:
    page = client.get("/docs")

    assert page.status_code == 200
    assert "/static-offline-docs/swagger-ui-bundle.js" in page.text
    assert 'src="http' not in page.text
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_root_leads_to_the_docs(service: Service, client: httpx2.Client) -> None:
    answer = client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "docs")
    assert client.get("/", follow_redirects=True).url.path == "/docs"
    metrics = httpx2.get(f"{service.management}/metrics").text
    assert 'http_response_status_code="307",http_route="/"' in metrics


def test_unknown_path_and_method_are_problems(client: httpx2.Client) -> None:
    for response, status in ((client.get("/nothing"), 404), (client.delete("/docs"), 405)):
        problem = response.json()
        assert response.status_code == status == problem["status"]
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == response.headers["x-request-id"]


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
