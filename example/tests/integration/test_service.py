"""The running service: probes, management port, documentation, errors."""

import httpx2

from ..service import Service


def test_probes_and_management_answer(service: Service) -> None:
    assert httpx2.get(f"{service.api}/livez").text == "alive\n"
    assert httpx2.get(f"{service.api}/readyz").text == "ready\n"

    info = httpx2.get(f"{service.management}/info").json()
    assert info["service"] == "orders"
    assert {"version", "commit", "python", "started_at"} <= info.keys()
    assert httpx2.get(f"{service.management}/nothing").status_code == 404
    refused = httpx2.post(f"{service.management}/info")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


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
