"""Each lock is the one that Poetry would write for the pyproject.toml that it goes with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.lock import DEPENDENCY_SETS, POETRY
from scripts.render import ROOT, render

from .conftest import choices


def poetry_check(project: Path) -> subprocess.CompletedProcess[str]:
    """`poetry check --lock`, by the Poetry of tools.lock."""
    assert POETRY.exists(), f"{POETRY} is missing: `make .tools/poetry/.installed` puts it there"
    return subprocess.run(
        [POETRY, "check", "--lock", "--strict", "--no-interaction"],
        cwd=project,
        env={**os.environ, "POETRY_VIRTUALENVS_CREATE": "false"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_one_for_each_dependency_set() -> None:
    names = {f"{api}-{database}.lock" for api, database in DEPENDENCY_SETS}
    assert names == {path.name for path in (ROOT / "includes" / "locks").iterdir()}
    assert set(DEPENDENCY_SETS) == {
        (api, database) for api in choices("api") for database in choices("database")
    }


@pytest.mark.parametrize("database", choices("database"))
def test_a_lock_fits_its_service(template: Path, tmp_path: Path, database: str) -> None:
    service = render(template, tmp_path, service="orders", database=database)
    done = poetry_check(service)
    assert done.returncode == 0, done.stdout + done.stderr

    project = service / "pyproject.toml"
    changed = project.read_text().replace("dependencies = [", 'dependencies = [\n    "x",', 1)
    project.write_text(changed)
    assert poetry_check(service).returncode == 1, "a dependency more was not noticed"


def test_the_lock_of_the_template_fits(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "poetry.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    done = poetry_check(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_template_uses_the_tools_of_its_services() -> None:
    assert (ROOT / "tools.lock").resolve() == ROOT / "template" / "tools.lock"
