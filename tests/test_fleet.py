"""The table of an organisation's services: each is in it, those that are behind first."""

import datetime
import json
from pathlib import Path

import pytest

from scripts.releases import Release
from updating import fleet

RELEASES = [
    Release(version, datetime.date(2026, 11, day), "0" * 40)
    for day, version in enumerate(("0.1.0", "0.2.0", "1.0.0"), 1)
]
CATALOG = """\
kind: API
metadata: {name: not-this-one}
---
kind: Component
metadata:
  name: %s
  annotations: {}
spec:
  owner: %s
"""
GOLD = (CATALOG % ("bills", "money")).replace("{}", "{shipshape/level: gold}")
WRONG = (CATALOG % ("ads", "shop")).replace("{}", "{shipshape/level: best}")


@pytest.fixture(autouse=True)
def _releases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "read", lambda: RELEASES)
    monkeypatch.setattr(fleet, "template", lambda: "shipshape")


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """A folder of clones, in all the states that there are."""
    for name, catalog, answers in (
        (
            "newest",
            GOLD,
            "_commit: v1.0.0\n_src_path: git@x.io:a/shipshape.git\n",
        ),
        ("older", CATALOG % ("orders", "shop"), "_commit: v0.1.0\n"),
        ("between", WRONG, "_commit: v0.2.0-3-gabcdef0\n"),
        ("other", CATALOG % ("others", "shop"), "_commit: v7.0.0\n"),
        ("foreign", CATALOG % ("maps", "shop"), "_commit: v0.1.0\n_src_path: gh:a/boat\n"),
        ("no-answers", CATALOG % ("legacy", "attic"), None),
        ("no-catalog", None, "_commit: v1.0.0\nservice: mails\n"),
        ("neither", None, None),
        ("broken", "a: [", "- 1\n"),
    ):
        folder = tmp_path / "clones" / name
        (folder / ".git").mkdir(parents=True)
        for file, text in ((fleet.CATALOG, catalog), (fleet.ANSWERS, answers)):
            if text is not None:
                (folder / file).write_text(text)
    (tmp_path / "clones" / "notes").mkdir()  # in no git
    return tmp_path / "clones"


def test_each_service_is_in_the_table(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet.main([str(clones)]) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    assert cells[0] == ("Service", "Owner", "Level", "Release", "Behind by", "Problems")
    assert cells[2:] == [
        (
            "broken",
            "",
            "",
            "",
            "",
            "catalog-info.yaml cannot be read; .copier-answers.yml cannot be read",
        ),
        ("legacy", "attic", "", "", "", "no .copier-answers.yml"),
        ("maps", "shop", "", "v0.1.0", "", ".copier-answers.yml names another template, gh:a/boat"),
        ("neither", "", "", "", "", "no catalog-info.yaml; no .copier-answers.yml"),
        (
            "others",
            "shop",
            "",
            "v7.0.0",
            "",
            ".copier-answers.yml names no release of this template",
        ),
        ("orders", "shop", "", "v0.1.0", "2", ""),
        (
            "ads",
            "shop",
            "",
            "v0.2.0-3-gabcdef0",
            "1",
            "shipshape/level in catalog-info.yaml must be one of none, bronze, silver, gold",
        ),
        ("bills", "money", "gold", "v1.0.0", "0", ""),
        ("mails", "", "", "v1.0.0", "0", "no catalog-info.yaml"),
    ]


def test_machines_get_json(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet.main(["--json", str(clones / "older"), str(clones / "newest")]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "service": "orders",
            "owner": "shop",
            "level": None,
            "release": "v0.1.0",
            "behind": 2,
            "folder": str(clones / "older"),
            "problems": [],
        },
        {
            "service": "bills",
            "owner": "money",
            "level": "gold",
            "release": "v1.0.0",
            "behind": 0,
            "folder": str(clones / "newest"),
            "problems": [],
        },
    ]


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "is no folder"), ("clones/notes", "there is no clone in")]
)
def test_a_folder_without_services_is_an_error(
    clones: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert fleet.main([str(clones.parent / name)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert words in said.err
    assert len(said.err.splitlines()) == 1
