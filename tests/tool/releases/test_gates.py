"""The gates against a real HTTP server, which answers as the service and as Prometheus."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from shipshape.errors import ShipshapeError
from shipshape.releases.gates import ErrorRatio, Gates, SmokeTest

COMMIT = "a" * 40


class Answers(ThreadingHTTPServer):
    """What is answered: statuses by path, one after the other and the last for good; numbers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.statuses: dict[str, list[int]] = {}
        self.schema: object = {"openapi": "3.1.0"}
        self.instances: float | None = 2
        self.failed: float | None = 0
        self.total: float | None = 100
        self.queries: list[str] = []
        self.authorizations: set[str | None] = set()

    def number(self, query: str) -> float | None:
        self.queries.append(query)
        if query == "vector(1)":
            return 1
        if query.startswith("count("):
            return self.instances
        return self.failed if '"5.."' in query else self.total


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:  # noqa: N802
        url = urlsplit(self.path)
        statuses = self.server.statuses.get(url.path, [200])
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        body: object = self.server.schema
        if url.path == "/api/v1/query":
            self.server.authorizations.add(self.headers["Authorization"])
            number = self.server.number(parse_qs(url.query)["query"][0])
            result = [] if number is None else [{"value": [0, str(number)]}]
            body = {"status": "success", "data": {"result": result}}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *values: object) -> None:
        """Nothing."""


@pytest.fixture
def answers() -> Iterator[Answers]:
    with Answers() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def smoke_test(answers: Answers, patience: float = 0) -> SmokeTest:
    return SmokeTest(answers.url, patience=patience, rounds=3, pause=0.01)


def error_ratio(answers: Answers, selector: str = "", token: str = "") -> ErrorRatio:
    return ErrorRatio(answers.url, 0, 0.01, selector, token)


def test_service_that_answers_passes(answers: Answers) -> None:
    smoke_test(answers).check()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json"])
def test_each_answer_counts(answers: Answers, path: str) -> None:
    answers.statuses[path] = [503]

    with pytest.raises(ShipshapeError, match=f"smoke test failed: {answers.url}{path} answers 503"):
        smoke_test(answers).check()


def test_answers_must_stay_good(answers: Answers) -> None:
    answers.statuses["/readyz"] = [200, 200, 503, 200]

    with pytest.raises(ShipshapeError, match="/readyz answers 503"):
        smoke_test(answers, patience=10).check()


def test_first_answer_may_take_a_while(answers: Answers) -> None:
    answers.statuses["/readyz"] = [503, 503, 200]

    smoke_test(answers, patience=10).check()


@pytest.mark.parametrize("schema", [{}, [], "text"])
def test_schema_must_be_one(answers: Answers, schema: object) -> None:
    answers.schema = schema

    with pytest.raises(ShipshapeError, match=r"/openapi\.json "):
        smoke_test(answers).check()


def test_service_that_cannot_be_reached_fails() -> None:
    with pytest.raises(ShipshapeError, match="http://127.0.0.1:1/livez cannot be reached"):
        SmokeTest("http://127.0.0.1:1", patience=0).check()


@pytest.mark.parametrize(("failed", "total"), [(None, 100), (0, 100), (1, 3), (2, 200)])
def test_few_errors_pass(answers: Answers, failed: float | None, total: float) -> None:
    answers.failed, answers.total = failed, total

    error_ratio(answers).check(COMMIT)


def test_many_errors_fail(answers: Answers) -> None:
    answers.failed, answers.total = 3, 200

    message = "3 of 200 requests failed (1.50%), and 1.00% may"
    with pytest.raises(ShipshapeError, match=re.escape(message)):
        error_ratio(answers).check(COMMIT)


def test_no_requests_pass_and_are_said(
    answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answers.failed = answers.total = None

    error_ratio(answers).check(COMMIT)

    assert "nobody sent a request meanwhile" in capsys.readouterr().err


def test_instances_that_nobody_scrapes_fail(answers: Answers) -> None:
    answers.instances = None

    with pytest.raises(ShipshapeError, match="sees no service_build_info of commit aaaaaaa"):
        error_ratio(answers).check(COMMIT)


def test_only_the_instances_of_the_commit_are_asked_for(answers: Answers) -> None:
    error_ratio(answers, 'namespace="orders-staging"', "a token").check(COMMIT)

    assert len(answers.queries) == 3
    build = f'service_build_info{{commit="{COMMIT}",namespace="orders-staging"}}'
    assert all(build in query for query in answers.queries)
    assert answers.authorizations == {"Bearer a token"}


@pytest.mark.parametrize("status", [400, 401, 500])
def test_prometheus_that_does_not_answer_fails(answers: Answers, status: int) -> None:
    answers.statuses["/api/v1/query"] = [status]

    with pytest.raises(ShipshapeError, match=f"answers {status}"):
        error_ratio(answers).reach()


def test_prometheus_must_be_one(answers: Answers) -> None:
    with pytest.raises(ShipshapeError, match="does not answer as Prometheus does"):
        ErrorRatio(f"{answers.url}/elsewhere", 0, 0.01).reach()


def test_addresses_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVICE_URL", raising=False)
    monkeypatch.setenv("PROMETHEUS_URL", "")
    with pytest.raises(ShipshapeError, match="SERVICE_URL is not set"):
        Gates.from_environment(with_slo=True)

    monkeypatch.setenv("SERVICE_URL", "orders.example.com")
    with pytest.raises(ShipshapeError, match="SERVICE_URL must begin with http"):
        Gates.from_environment(with_slo=True)

    monkeypatch.setenv("SERVICE_URL", "https://orders.example.com/")
    with pytest.raises(ShipshapeError, match="PROMETHEUS_URL is not set: .* --without-slo"):
        Gates.from_environment(with_slo=True)
    assert Gates.from_environment(with_slo=False).error_ratio is None
