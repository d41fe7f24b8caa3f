"""The parts of the template bring the checks that `updating/parts.toml` says they bring."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pathspec import PathSpec

from scripts.render import ROOT
from shipshape.checklist.check import Status
from shipshape.checklist.run import PILLARS

from .mutating import GITHUB, static

PARTS = tomllib.loads((ROOT / "updating" / "parts.toml").read_text("utf-8"))
CHECKS = {name: part["checks"] for name, part in PARTS.items() if "checks" in part}

ABOUT_FILES_OF_THE_TEAM = {"SE4", "SE5", "ST4"}
"""A part brings these where its files replace those of the team, so they pass without both."""


def test_each_check_belongs_to_one_part() -> None:
    pattern = re.compile(r'^@check\(\n    "(\w+)",.*?kind=Kind\.(\w+),', re.MULTILINE | re.DOTALL)
    found = {it for path in PILLARS.glob("*.py") for it in pattern.findall(path.read_text("utf-8"))}
    automatic = {id for id, kind in found if kind != "EXTERNAL"}
    named = [id for ids in CHECKS.values() for id in ids]
    assert sorted(named) == sorted(automatic)


@pytest.mark.parametrize("part", CHECKS)
def test_part_brings_its_checks(copied: Callable[[str], Path], part: str) -> None:
    """Without its files, none of its static checks passes in a service that has all others."""
    folder = copied(GITHUB)
    patterns = PathSpec.from_lines("gitignore", PARTS[part]["files"])
    for path in [it for it in folder.rglob("*") if it.is_file()]:
        if patterns.match_file(path.relative_to(folder)):
            path.unlink()
    passed = {it.check.id for it in static().results if it.status is Status.PASS}
    assert passed & {*CHECKS[part]} <= ABOUT_FILES_OF_THE_TEAM
