"""Services of each kind that tests break, with the environment of an installed one."""

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from shipshape import command_line, description
from shipshape.check import commands
from shipshape.check.subject import Subject
from shipshape.description import run_in_service
from tests.service.conftest import run
from tests.tool.rendered import KINDS, services


@pytest.fixture(scope="session")
def kinds(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A service of each kind; those with the same code share an environment."""
    found = services(template, tmp_path_factory.mktemp("kinds"))
    for kind, folder in found.items():
        installed = found[kind.replace("nomad", "kubernetes")]
        if folder == installed:
            run(folder, "make", "install")
        else:
            (folder / ".venv").symlink_to(installed / ".venv")
    return found


@functools.cache
def _asked(environment: Path, *arguments: str) -> str:
    return run_in_service(*arguments)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind; a test that needs one names it."""
    return str(request.param)


@pytest.fixture
def service(
    kind: str, kinds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy to break, which is the current folder."""
    copy = tmp_path / "service"
    shutil.copytree(kinds[kind], copy, ignore=shutil.ignore_patterns(".venv", ".tools"))
    (copy / ".venv").symlink_to(kinds[kind] / ".venv")
    monkeypatch.chdir(copy)
    monkeypatch.delenv("PROMTOOL", raising=False)
    return copy


@pytest.fixture
def findings(service: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the checks find. Importing the code takes seconds, and it is the same each time."""
    environment = Path(".venv").resolve()
    monkeypatch.setattr(description, "run_in_service", functools.partial(_asked, environment))
    group = typer.main.get_command(command_line.app)
    assert isinstance(group, TyperGroup)
    names = frozenset(group.commands)
    return lambda: commands.run(Subject(description.of_service(), names))[0]
