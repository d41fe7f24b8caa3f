"""A template with a release, a project that was made without it, and the commands for it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import ROOT, export
from tests.checks import BIN
from tests.repositories import ENVIRONMENT, git, initialise

PROJECT = Path(__file__).parent / "project"
collect_ignore = ["project"]

# uvx, as the commands call it: what comes after the requirement is a program of Copier's.
UVX = """\
#!/bin/sh
while [ "$1" != copier ] && [ "$1" != python ]; do shift; done
program=$1; shift
exec "{bin}/$program" "$@"
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An author, nobody's settings, and a `uvx` that fetches nothing."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "uvx").write_text(UVX.format(bin=BIN))
    (folder / "uvx").chmod(0o755)
    return {
        **os.environ,
        **ENVIRONMENT,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture(scope="session")
def run(environment: dict[str, str]) -> Run:
    """Run a command in a folder, whatever comes of it."""

    def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of the template, as it is cloned, with one release."""
    folder = export(tmp_path_factory.mktemp("released") / "shipshape")
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "adopt.py", folder / "scripts")
    initialise(folder)
    git(folder, "tag", "v1.0.0")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project, in git."""
    return initialise(shutil.copytree(PROJECT, tmp_path / "parcels"))
