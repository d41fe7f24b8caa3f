"""The lowest Copier that the template takes and the newest one update as the locked one does."""

import subprocess
from pathlib import Path

import pytest

from scripts.render import ROOT
from tests.render.test_example import differences

from .history import RELEASES, Services
from .test_edits import chosen, edit
from .test_update import assert_peace, files

LOWEST, NEWEST = "copier==9.18.*", "copier>=9.18,<10"

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.xdist_group("update-0")]


def copier(requirement: str, *arguments: str | Path) -> str:
    """Run Copier in a version, in an environment of its own."""
    uv = ROOT / ".tools" / "bin" / "uv"
    command = [uv, "tool", "run", "--quiet", "--from", requirement, "copier", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("requirement", [LOWEST, NEWEST], ids=["lowest", "newest"])
def test_an_update(services: Services, tmp_path: Path, requirement: str) -> None:
    tag, answers = RELEASES[0], chosen(RELEASES[0])[0]
    service = services.mine(tag, answers, tmp_path)
    edit(service, tag, answers)
    copier(requirement, "update", "--defaults", service)
    assert differences(files(service), files(services.updated(tag, answers, edit))) == []
    assert_peace(service)


def test_the_lowest_is_what_copier_yml_asks_for() -> None:
    assert copier(LOWEST, "--version").startswith("copier 9.18.")
    assert '_min_copier_version: "9.18.0"' in (ROOT / "copier.yml").read_text("utf-8")
