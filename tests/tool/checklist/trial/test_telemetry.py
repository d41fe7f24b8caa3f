"""Metrics, planted secrets, build information and schemas, as the dynamic checks read them."""

import json
import subprocess
from pathlib import Path

import httpx2
import pytest

from scripts.render import ROOT
from shipshape.checklist import run
from shipshape.checklist.check import Kind, Status
from shipshape.checklist.reading import breaks
from shipshape.checklist.subject import of_service
from shipshape.checklist.trial import build, earlier, operations, red, served_schema
from shipshape.checklist.trial.canaries import Canaries
from shipshape.checklist.trial.database import Database
from shipshape.checklist.trial.gate import gate
from shipshape.checklist.trial.metrics import Metrics, parsed

SCHEMA = ROOT / "example" / "schema" / "openapi.yaml"
ROUTE = red.Route("/items/{item_id}", 404, 100)
HISTOGRAM = 'http_duration_seconds_count{{handler="{handler}",status="{status}"}} {count}\n'


def missing(handler: str, status: str, name: str = "http_duration_seconds_count") -> list[str]:
    """What is found to be missing after a hundred requests."""
    text = HISTOGRAM.replace("http_duration_seconds_count", name)
    before = parsed(text.format(handler=handler, status=status, count=1))
    after = parsed(text.format(handler=handler, status=status, count="101.0"))
    return list(red.missing(ROUTE, before, after))


def test_samples_are_read() -> None:
    found = parsed('# TYPE a gauge\na{path="/\\"x",b="}"} 1.5\na_total 2e3\nb{} NaN\n')
    assert found.gauges == {"a"}
    assert [(str(it), value) for it, value in found.samples.items()][:2] == [
        ('a{path="/\\"x", b="}"}', 1.5),
        ("a_total{}", 2000),
    ]
    assert found.names == {"a", "a_total", "b"}


def test_increases_are_found() -> None:
    before, after = parsed("a 1\nb 2\n"), parsed("a 3\nb 2\nc 1\n")
    assert {str(it): increase for it, increase in after.increases(before)} == {"a{}": 2, "c{}": 1}


@pytest.mark.parametrize(
    "template", ["/items/{item_id}", "/items/:id", "/items/<id>", "/v1/items/<uuid:id>/"]
)
@pytest.mark.parametrize("status", ["404", "4xx"])
def test_routes_are_known_in_any_notation(template: str, status: str) -> None:
    assert missing(template, status) == []


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (missing("/items", "404"), "no series with the route"),
        (missing("/items/{id}", "200"), "has the status 404"),
        (missing("/items/{id}", "404", "requests_total"), "no histogram"),
    ],
)
def test_missing_metrics_are_named(found: list[str], reason: str) -> None:
    [fault] = found
    assert reason in fault


def test_canaries_are_in_each_place_of_a_request() -> None:
    canaries = Canaries()
    create = next(it for it in operations.read(SCHEMA, {}) if str(it) == "POST /items")
    valid, *others = canaries.requests(create)
    assert set(canaries.planted) == {"Authorization", "Cookie", "X-API-Key", "body", "query"}
    assert json.loads(valid.body or b"")["name"] == canaries.planted["body"]
    assert canaries.planted["Authorization"] in valid.headers["authorization"]
    assert len(others) == 4
    assert list(canaries.found_in(f"x{canaries.planted['Cookie']}y")) == ["Cookie"]


def test_configured_headers_let_requests_pass() -> None:
    headers = {"Authorization": "Bearer real"}
    listing = next(iter(operations.read(SCHEMA, headers)))
    canaries = Canaries()
    valid, refused, _ = canaries.requests(listing)
    assert valid.headers["authorization"] == "Bearer real"
    assert canaries.planted["Authorization"] in refused.headers["authorization"]


@pytest.mark.parametrize(("password", "planted"), [("", True), (":given", False)])
def test_password_is_planted_where_none_is_asked_for(password: str, planted: bool) -> None:
    address = f"postgresql://postgres{password}@127.0.0.1:5432/a"

    def nowhere() -> None:
        raise OSError

    with gate(nowhere) as way:  # type: ignore[arg-type]
        settings = Canaries().settings(Database("DATABASE_URL", address, way))
    assert ("canary" in settings.get("DATABASE_URL", "")) == planted


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        ('build_info{version="1",revision="a"} 1', 1),
        ('python_info{version="3.12",implementation="CPython"} 1', 0),
        ('build_info{version="1",commit="a"} 0', 0),
    ],
)
def test_build_information_is_recognised(sample: str, found: int) -> None:
    assert len(list(build.metrics(parsed(sample)))) == found


@pytest.mark.parametrize(
    ("body", "complete"),
    [
        ('{"version": "1", "commit": "a"}', True),
        ('{"build": {"version": "1"}, "git": {"sha": "a"}}', True),
        ('{"version": "1"}', False),
        ("[]", False),
        ("none", False),
    ],
)
def test_endpoint_of_build_information_is_recognised(body: str, complete: bool) -> None:
    assert build.is_complete(httpx2.Response(200, text=body)) == complete


def test_differences_of_schemas_are_named() -> None:
    committed = {"info": {"version": "1"}, "paths": {"/a": {}}, "tags": [1]}
    served = {"info": {"version": "2"}, "paths": {}, "tags": [1, 2], "servers": []}
    assert list(served_schema.differences(committed, served)) == [
        "info version is '2' as it is served, and '1' as committed",
        "paths /a is not served",
        "tags has 2 entries as it is served, not 1",
        "servers is served, and not committed",
    ]
    assert list(served_schema.differences(committed, committed)) == []


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in git."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", raising=False)
    git("init", "--quiet", "--initial-branch=main")
    return tmp_path


def git(*arguments: str) -> None:
    person = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *person, *arguments], check=True)


def commit(folder: Path, text: str, tag: str = "") -> None:
    (folder / "schema.yaml").write_text(text, "utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--message", "a")
    if tag:
        git("tag", tag)


def test_nothing_is_earlier_before_the_first_commit(repository: Path) -> None:
    assert breaks.base() is None
    assert earlier.release() is None


def test_schema_is_compared_with_main_or_the_last_release(repository: Path) -> None:
    schema = Path("schema.yaml")
    commit(repository, "a")
    assert breaks.base() is None
    commit(repository, "b", "v1.0.0")
    assert breaks.base() == "v1.0.0"
    assert not breaks.is_changed(schema, "v1.0.0")
    assert not breaks.is_changed(Path("new.yaml"), "v1.0.0")
    commit(repository, "c")
    assert breaks.is_changed(schema, "v1.0.0")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert breaks.base() == "origin/main"


def test_earlier_code_is_that_of_the_last_release_that_differs(repository: Path) -> None:
    commit(repository, "a", "v1.0.0")
    assert earlier.release() is None
    commit(repository, "b", "v1.1.0")
    assert earlier.release() == "1.0.0"
    (repository / "schema.yaml").write_text("c", "utf-8")
    assert earlier.release() == "1.1.0"


def test_code_that_a_migration_leaves_behind_need_not_run(repository: Path) -> None:
    commit(repository, "a", "v1.0.0")
    commit(repository, "b", "v1.1.0")
    migrations = repository / "migrations" / "versions"
    migrations.mkdir(parents=True)
    mark = 'revision = "2"\ndown_revision = "1"\nphase = "contract"\noldest_release = "{}"\n'
    (migrations / "2.py").write_text(mark.format("1.1.0"), "utf-8")
    assert earlier.release() == "1.1.0"
    (migrations / "2.py").write_text(mark.format("1.2.0"), "utf-8")
    assert earlier.release() is None


def test_pipeline_that_compares_schemas_is_found(repository: Path) -> None:
    assert breaks.compared_at() is None
    workflows = repository / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "merge.yml").write_text("steps:\n  - run: make contract\n", "utf-8")
    assert breaks.compared_at() == ".github/workflows/merge.yml:2"


def test_metrics_of_nothing_are_empty() -> None:
    assert parsed("") == Metrics("", {})


@pytest.mark.long
def test_what_cannot_be_tried_of_another_service_is_unknown(folder: Path) -> None:
    expected = {
        "AU3": Status.UNKNOWN,  # its table has no `version`
        "AU9": Status.NOT_APPLICABLE,
        "DO6": Status.UNKNOWN,  # it does not serve its schema
        "OB1": Status.PASS,
        "OB3": Status.FAIL,  # it logs queries
        "OB4": Status.UNKNOWN,  # its table has no `metrics`
        "OB5": Status.UNKNOWN,
        "OB7": Status.UNKNOWN,
        "OB10": Status.UNKNOWN,
        "OB11": Status.UNKNOWN,  # its table has no `log_level`
        "SE1": Status.PASS,
    }
    report = run.run(of_service(), {Kind.DYNAMIC}, tuple(expected))
    assert {it.check.id: it.status for it in report.results} == expected
