"""Each file of a service has one owner, and what a team adds has a place."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.ownership import ANCHOR, BELOW, OWN, PLACES, matches, owners, page, patterns
from scripts.reference import FOLDER, main
from scripts.render import ROOT, render
from shipshape.example import FILES
from tests.checks import all_files, report

pytestmark = pytest.mark.xdist_group("ownership")  # one worker makes both services

COPIER: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text("utf-8"))


HANDED_OVER = {
    "/tests/unit/test_database_connections.py",
    "/tests/unit/test_injected_settings.py",
}
"""Files of earlier releases that are their teams' now."""


def faults(copier: dict[str, Any], folder: Path) -> list[str]:
    """The files that have no owner, or two, or an anchor where teams should not write."""
    found = []
    for path in all_files(folder):
        name = path.relative_to(folder).as_posix()
        of = owners(copier, name)
        if len(of) != 1:
            found.append(f"{name}: owned by {of or 'nobody'}, see _ownership in copier.yml")
        elif of != ["shared"] and ANCHOR.search(path.read_text("utf-8")):
            found.append(f"{name}: has an anchor, and is not shared")
    return found


def test_each_file_has_one_owner(service: Path) -> None:
    report(faults(COPIER, service))


@pytest.fixture(scope="module")
def opposites(template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two services that between them have each file that any has, but for variants of it."""
    folder = tmp_path_factory.mktemp("opposites")
    other = {"database": "none", "ci": "gitlab", "deploy": "nomad"}
    return [
        render(template, folder / "usual", service="orders"),
        render(template, folder / "other", service="orders", **other),
    ]


def test_each_pattern_matches_a_file(opposites: list[Path]) -> None:
    names = [path.relative_to(it).as_posix() for it in opposites for path in all_files(it)]
    report(
        f"{pattern} matches nothing"
        for each in patterns(COPIER).values()
        for pattern in each
        if pattern not in HANDED_OVER and not any(matches([pattern], name) for name in names)
    )


def test_each_place_is_there_and_each_anchor_is_a_place(opposites: list[Path]) -> None:
    anchored = {
        path.relative_to(it).as_posix().replace("src/orders/", "src/<package>/")
        for it in opposites
        for path in all_files(it)
        if ANCHOR.search(path.read_text("utf-8"))
    } - {
        "docs/how-to.md"
    }  # it shows the anchors of other files
    assert {place.path for place in PLACES if place.where == BELOW} == anchored
    for place in PLACES:
        there = any((it / place.path.replace("<package>", "orders")).exists() for it in opposites)
        assert there != (place.where == OWN), place


def test_the_example_is_deleted_and_nothing_else(opposites: list[Path]) -> None:
    for service in opposites:
        found = {path for pattern in FILES for path in service.glob(pattern)}
        # The migration and the tables are changed instead: a service has these in any case.
        tables = {*service.glob("migrations/versions/*"), *service.glob("src/*/storage/tables.py")}
        seeds = {path for path in all_files(service) if owner(service, path) == ["seed"]}
        assert found == seeds - tables


def owner(service: Path, path: Path) -> list[str]:
    return owners(COPIER, path.relative_to(service).as_posix())


def test_the_pages_are_current() -> None:
    assert main(["--check"]) == 0, "run `make docs`"


def test_a_page_that_is_stale_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    monkeypatch.setattr("scripts.reference.ROOT", tmp_path)
    monkeypatch.setattr("scripts.reference.FOLDER", folder)
    (tmp_path / "copier.yml").write_text((ROOT / "copier.yml").read_text())
    for name in ("questions.md", "ownership.md"):
        (folder / name).write_text((FOLDER / name).read_text())
    assert main(["--check"]) == 0
    (folder / "ownership.md").write_text(page(COPIER | {"_ownership": {"shared": ["/new"]}}))
    assert main(["--check"]) == 1
    assert "ownership.md is stale" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ownership", "fault"),
    [
        ({"template": [], "shared": ["/src/"]}, "Makefile: owned by nobody"),
        ({"template": ["/Makefile", "/src/"], "shared": ["/*"]}, "Makefile: owned by ["),
        ({"template": ["/*"], "shared": []}, "pyproject.toml: has an anchor, and is not shared"),
    ],
)
def test_a_fault_is_found(opposites: list[Path], ownership: object, fault: str) -> None:
    found = faults(COPIER | {"_ownership": ownership}, opposites[0])
    assert any(each.startswith(fault) for each in found), found
