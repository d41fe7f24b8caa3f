"""The load test finds what a service takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shipshape import load_test
from shipshape.command_line import main
from shipshape.errors import ShipshapeError
from tests.tool.conftest import rendered


@contextmanager
def serving(answer: Callable[[], int]) -> Iterator[str]:
    """The address of a server that gives the statuses of `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.send_response(answer())
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the output of the test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def slow() -> int:
    time.sleep(0.2)
    return 200


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_test, "RATES", (10, 20))
    monkeypatch.setattr(load_test, "MAX_LATE_SECONDS", 10)


def run(url: str) -> int:
    return main(["load-test", url, "--path", "/things", "--seconds", "1", "--within", "0.15"])


def test_the_highest_rate_that_it_takes_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(lambda: 200) as url:
        assert run(url) == 0
    row = capsys.readouterr().out
    assert "| `GET /things` | 20 | " in row


@pytest.mark.parametrize("answer", [slow, lambda: 503], ids=["slow", "failing"])
def test_a_service_that_takes_nothing_is_an_error(
    answer: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(answer) as url:
        assert run(url) == 1
        assert f"{url}/things does not take 10 requests per second" in capsys.readouterr().err


def test_a_machine_that_is_too_slow_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(load_test, "MAX_LATE_SECONDS", -1)
    with serving(lambda: 200) as url:
        assert run(url) == 1
    assert "this machine sends no more" in capsys.readouterr().err


def test_the_path_is_one_that_needs_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(rendered())
    assert load_test.first_path(Path("schema/openapi.yaml")) == "/items"


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/items?limit=3", "GET /items"),
        ("/items/7d444840", "GET /items/{item_id}"),
        ("/others", "GET /others"),
    ],
)
def test_the_row_names_the_operation_of_the_schema(path: str, operation: str) -> None:
    assert load_test.operation(path, rendered() / "schema/openapi.yaml") == operation


def test_a_schema_may_have_no_such_path(tmp_path: Path) -> None:
    schema = tmp_path / "openapi.yaml"
    schema.write_text("openapi: 3.1.0\npaths: {/a: {post: {}}, '/b/{id}': {get: {}}}\n")
    with pytest.raises(ShipshapeError, match="has no GET without parameters in its path"):
        load_test.first_path(schema)
