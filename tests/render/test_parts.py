"""Each file of a service belongs to one part of the template, and each part knows what it needs."""

import tomllib
from itertools import product
from pathlib import Path

import pytest
from pathspec import PathSpec

from scripts.render import ROOT, render

PARTS = tomllib.loads((ROOT / "updating" / "parts.toml").read_text("utf-8"))


def names(service: Path) -> list[str]:
    """The files of a service."""
    paths = (path for path in service.rglob("*") if path.is_file())
    return sorted(path.relative_to(service).as_posix() for path in paths)


def owners(name: str) -> list[str]:
    """The parts that a file belongs to."""
    return [part for part, it in PARTS.items() if matches(it["files"], name)]


def matches(patterns: list[str], name: str) -> bool:
    """Whether one of some patterns matches, as in .gitignore."""
    return PathSpec.from_lines("gitignore", patterns).match_file(name)


def test_each_file_is_in_one_part(service: Path) -> None:
    found = {name: owners(name) for name in names(service)}
    assert found
    assert {name: it for name, it in found.items() if len(it) != 1} == {}


def test_each_pattern_has_a_file(template: Path, tmp_path: Path) -> None:
    found: set[str] = set()
    for ci, (database, deploy) in product(
        ("github", "gitlab"), (("postgresql", "kubernetes"), ("none", "nomad"))
    ):
        folder = tmp_path / ci / database
        answers = {"service": "orders", "ci": ci, "database": database, "deploy": deploy}
        found |= {*names(render(template, folder, **answers))}
    patterns = [pattern for part in PARTS.values() for pattern in part["files"]]
    assert [it for it in patterns if not any(matches([it], name) for name in found)] == []


def test_a_part_needs_only_those_before_it() -> None:
    """So that there is an order to take them in."""
    known: list[str] = []
    for name, part in PARTS.items():
        assert {*part["needs"]} <= {*known}, name
        known.append(name)


@pytest.mark.parametrize("name", ["src/orders/new_folder/new.py", "new.cfg", "docs/new.md"])
def test_a_file_without_a_part_is_found(name: str) -> None:
    assert owners(name) == []
