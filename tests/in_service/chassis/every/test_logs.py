"""The log: an object a line, whoever writes it, and no secrets in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest

from orders.chassis.logging import _traceback

from ..service import Service, running
from .observed import Line, Observed, eventually

EVERYWHERE = {
    "timestamp",
    "level",
    "event",
    "logger",
    "service",
    "version",
    "commit",
    "instance",
}
IN_REQUESTS = {"request_id", "trace_id", "span_id"}


@pytest.fixture(scope="module")
def told(observed: Observed) -> list[Line]:
    """The lines of a request whose handler, libraries, threads and tasks all say something."""
    observed.lines(observed.api.get("/no/such/path"))  # what was before it is written too
    before = len(observed.service.log)
    observed.lines(observed.api.get("/faulty/tell", params={"message": "word"}))
    return observed.service.log[before:]


def test_an_exception_that_was_never_raised_is_told_like_others() -> None:
    assert _traceback(ValueError("no frames")) == "ValueError: no frames\n"


def test_all_that_is_written_comes_out_the_same_way(told: list[Line]) -> None:
    lines = [(line["level"], line["event"].partition("\n")[0]) for line in told]
    [warning] = [line for line in lines if line[1].endswith("UserWarning: a warning")]

    assert set(lines) - {warning} == {
        ("debug", "debug line"),
        ("info", "info line"),
        ("info", "secrets"),
        ("info", "more secrets"),
        ("error", "an address"),
        ("warning", "library line: word"),
        ("info", "inside a span"),
        ("error", "uncaught exception in a thread"),
        ("error", "Task exception was never retrieved"),
        ("info", "request"),
    }
    assert warning[0] == "warning"


def test_every_line_says_when_and_where(told: list[Line]) -> None:
    for line in told:
        assert line.keys() >= EVERYWHERE
        assert datetime.fromisoformat(line["timestamp"]).tzinfo == UTC
        assert line["service"] == "orders"
        assert line["version"] == "1.2.3"
    loggers = {line["event"].partition(":")[0]: line["logger"] for line in told}
    assert loggers["library line"] == "library"
    assert loggers["request"].endswith(".chassis.logging")


def test_every_line_of_a_request_has_its_ids(told: list[Line]) -> None:
    by_event = {line["event"]: line for line in told}
    about = by_event.pop("request")
    inside = by_event.pop("inside a span")
    # A thread of its own is outside of the request.
    assert by_event.pop("uncaught exception in a thread").keys().isdisjoint(IN_REQUESTS)

    for line in by_event.values():
        assert {name: line.get(name) for name in IN_REQUESTS} == {
            name: about[name] for name in IN_REQUESTS
        }
    assert inside["trace_id"] == about["trace_id"]
    assert inside["span_id"] != about["span_id"]


def test_uncaught_exceptions_come_with_their_stack(told: list[Line]) -> None:
    exceptions = "".join(line.get("exception", "") for line in told)

    assert "ZeroDivisionError: " in exceptions
    assert "RuntimeError: nobody awaits this task" in exceptions


def test_one_line_tells_of_a_request(observed: Observed, api: httpx2.Client) -> None:
    created = api.post("/faulty/things", json={"name": "Teapot"})
    path = created.headers["location"]
    read = api.get(path, params={"colour": "brown"})
    missing = api.get("/no/such/path")

    [line] = [line for line in observed.lines(created) if line["event"] == "request"]
    assert line["request_bytes"] == len(created.request.content)
    [line] = [line for line in observed.lines(read) if line["event"] == "request"]
    assert line.pop("duration_ms") > 0
    assert {name: line[name] for name in line.keys() - EVERYWHERE - IN_REQUESTS} == {
        "method": "GET",
        "route": "/faulty/things/{thing_id}",
        "path": path,
        "status": 200,
        "request_bytes": 0,
        "response_bytes": len(read.content),
        "client": "127.0.0.1",
    }
    line = observed.line(missing)
    assert (line["route"], line["status"]) == ("", 404)


def test_probes_leave_no_line(observed: Observed, api: httpx2.Client) -> None:
    for path in ("/livez", "/readyz"):
        api.get(path)
    observed.lines(api.get("/no/such/path"))  # what was before it is written too

    assert {line.get("path") for line in observed.service.log}.isdisjoint({"/livez", "/readyz"})


def test_failure_is_told_once_with_its_stack(observed: Observed, api: httpx2.Client) -> None:
    lines = observed.lines(api.get("/faulty/fail", params={"message": "what went wrong"}))

    assert [(line["level"], line["event"]) for line in lines] == [
        ("error", "unhandled exception"),
        ("info", "request"),
    ]
    assert lines[0]["exception"].endswith("ValueError: what went wrong\n")


def test_fields_of_a_line_cannot_be_forged(observed: Observed, api: httpx2.Client) -> None:
    lines = observed.lines(api.get("/faulty/mislabel"))

    assert [line["event"] for line in lines] == ["mislabelled", "mislabelled", "request"]
    for line in lines:
        assert "forged" not in {line[name] for name in EVERYWHERE}
    assert lines[0]["level_"] == "forged"  # and still nothing is lost


def test_what_json_cannot_say_is_logged_all_the_same(
    observed: Observed, api: httpx2.Client
) -> None:
    response = api.get("/faulty/garble")

    assert response.status_code == 200
    assert [line["event"] for line in observed.lines(response)][0] == "garbled"
    assert "a number: %d" in observed.service.text


PLACES = ("query", "authorization", "cookie", "refused", "failing", "address")
Planted = tuple[dict[str, str], list[httpx2.Response]]


@pytest.fixture(scope="module")
def planted(observed: Observed) -> Planted:
    """Secrets in many places of requests, and the answers to these."""
    hidden = {place: f"hidden-{uuid4().hex}" for place in PLACES}
    address = f"postgresql://user:{hidden['address']}@localhost/database"
    api = observed.api
    responses = [
        api.get("/faulty/things", params={"password": hidden["query"], "limit": "many"}),
        api.get("/no/such/path", params={"password": hidden["query"]}),
        api.get("/faulty/things", headers={"Authorization": f"Bearer {hidden['authorization']}"}),
        api.get("/faulty/things", headers={"Cookie": f"session={hidden['cookie']}"}),
        api.post("/faulty/things", json={"token": hidden["refused"]}),
        api.post("/faulty/things", json={"name": [hidden["refused"]]}),
        api.post("/faulty/things", content=f'"token": "{hidden["refused"]}"'),
        api.post("/faulty/choke", json={"token": hidden["failing"]}),
        api.get("/faulty/fail", params={"message": f"no answer from {address}"}),
    ]
    for response in responses:
        observed.spans(response)
    return hidden, responses


def test_no_secret_is_logged(observed: Observed, planted: Planted) -> None:
    text = observed.service.text

    assert [place for place, secret in planted[0].items() if secret in text] == []


def test_no_secret_is_exported(observed: Observed, planted: Planted) -> None:
    spans = observed.collector.raw

    assert [place for place, secret in planted[0].items() if secret.encode() in spans] == []


def test_no_secret_is_in_an_error(planted: Planted) -> None:
    hidden, responses = planted
    text = "".join(f"{response.headers}{response.text}" for response in responses)

    assert [place for place, secret in hidden.items() if secret in text] == []


def test_secrets_in_fields_and_addresses_are_hidden(told: list[Line]) -> None:
    by_event = {line["event"]: line for line in told}

    for field in ("password", "access_token"):
        assert by_event["secrets"][field] == "***"
    headers = {"Authorization": "***", "accept": "*/*"}
    assert by_event["secrets"]["request"] == {"headers": headers}
    assert by_event["more secrets"]["clientSecret"] == "***"
    assert by_event["an address"]["address"] == "postgresql://user:***@localhost/database"


@pytest.fixture(scope="module")
def console(storage_settings: dict[str, str]) -> Iterator[Service]:
    """A running service that logs for people."""
    settings = {**storage_settings, "LOG_FORMAT": "console"}
    with running(module="tests.chassis.faulty", **settings) as service:
        yield service


def test_console_lines_are_for_people(console: Service) -> None:
    httpx2.get(f"{console.api}/no/such/path")
    httpx2.get(f"{console.api}/faulty/fail", params={"message": "what went wrong"})

    text = eventually(
        lambda: console.text if "/faulty/fail" in console.text else "", "a line about the request"
    )
    assert "{" not in text.partition("\n")[0]
    assert "[info" in text
    assert "path=/no/such/path" in text
    assert "\nValueError: what went wrong\n" in text  # on lines of its own
    assert "\\n" not in text
