"""`shipshape remove-example` removes the example, or says in a sentence why it cannot."""

import shutil
from pathlib import Path

import pytest

from shipshape.command_line import main
from shipshape.example import FILES
from tests.repositories import commit, git, initialise

from .conftest import rendered

ENDPOINT = """\
paths:
  /orders:
    get:
      summary: List orders
      operationId: list_orders
      responses:
        "200": {description: All orders}
"""


@pytest.fixture(params=["postgresql", "none"])
def service(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A service in git, in which the test runs."""
    folder = tmp_path / "orders"
    shutil.copytree(rendered(database=request.param), folder)
    monkeypatch.chdir(folder)
    return initialise(folder)


def add_endpoint(service: Path) -> None:
    schema = service / "schema" / "openapi.yaml"
    schema.write_text(schema.read_text().replace("paths:\n", ENDPOINT))
    commit(service)


def refusal(service: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says where it changes nothing."""
    before = git(service, "status", "--porcelain")
    assert main(["remove-example"]) == 1
    assert git(service, "status", "--porcelain") == before
    return capsys.readouterr().err


def test_a_service_needs_an_endpoint_first(
    service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(service, capsys) == (
        "error: add an endpoint of your own first: schema/openapi.yaml has only those of the "
        "example, and a service needs one\n"
    )


def test_uncommitted_changes_stay(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (service / "README.md").write_text("changed\n")
    assert refusal(service, capsys).startswith("error: commit your changes first")


def test_the_files_and_what_mentions_them_go(
    service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_endpoint(service)
    assert main(["remove-example"]) == 0
    assert not [path for pattern in FILES for path in service.glob(pattern)]
    schema = (service / "schema" / "openapi.yaml").read_text()
    assert "/orders:" in schema
    assert "/items" not in schema
    assert "still mention" not in capsys.readouterr().out


def test_lines_of_a_team_are_listed(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (service / "src" / "orders" / "more.py").write_text("from .items import ItemStore\n")
    add_endpoint(service)
    assert main(["remove-example"]) == 0
    assert "src/orders/more.py:1:from .items import ItemStore" in capsys.readouterr().out


def test_a_released_migration_stays(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_endpoint(service)
    git(service, "tag", "v1.0.0")
    migration = service / "migrations" / "versions" / "0001_items.py"
    before = migration.read_text() if migration.exists() else ""
    assert main(["remove-example"]) == 0
    assert (migration.read_text() if migration.exists() else "") == before
    assert ('make migration m="drop items"' in capsys.readouterr().out) == bool(before)
