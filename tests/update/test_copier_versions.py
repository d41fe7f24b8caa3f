"""The lowest Copier that the template takes and the newest one update alike."""

import subprocess
from pathlib import Path

import pytest

from scripts.render import ROOT

from .history import NOW, RELEASES, Services
from .test_edits import assert_edits_are_there, chosen, edit
from .test_update import assert_as_fresh, assert_peace

LOWEST, NEWEST = "copier==9.18.*", "copier>=9.18,<10"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("update-1")]


def copier(requirement: str, *arguments: str | Path) -> str:
    """Run Copier in a version, in an environment of its own."""
    uv = ROOT / ".tools" / "bin" / "uv"
    command = [uv, "tool", "run", "--quiet", "--from", requirement, "copier", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("requirement", [LOWEST, NEWEST], ids=["lowest", "newest"])
def test_an_update(services: Services, history: Path, tmp_path: Path, requirement: str) -> None:
    tag, answers = RELEASES[0], chosen(RELEASES[0])[0]
    service = services.mine(tag, answers, tmp_path / "untouched")
    copier(requirement, "update", "--defaults", service)
    assert_peace(service)
    assert_as_fresh(history, NOW, tmp_path / "untouched")

    service = services.mine(tag, answers, tmp_path / "edited")
    edit(service, tag, answers)
    copier(requirement, "update", "--defaults", service)
    assert_peace(service)
    assert_edits_are_there(service, tag, answers)


def test_the_lowest_is_what_copier_yml_asks_for() -> None:
    assert copier(LOWEST, "--version").startswith("copier 9.18.")
    assert '_min_copier_version: "9.18.0"' in (ROOT / "copier.yml").read_text("utf-8")
