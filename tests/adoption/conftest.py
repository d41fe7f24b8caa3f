"""A template with releases, and a project that was made without it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import ROOT, export
from tests.checks import BIN

PROJECT = Path(__file__).parent / "project"
collect_ignore = ["project"]

AUTHOR = {
    "GIT_AUTHOR_EMAIL": "reader@example.com",
    "GIT_AUTHOR_NAME": "Reader",
    "GIT_COMMITTER_EMAIL": "reader@example.com",
    "GIT_COMMITTER_NAME": "Reader",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
UVX = """\
#!/bin/sh
# Of the arguments, what comes after the requirement: a program of Copier's, which is here already.
while [ "$1" != copier ] && [ "$1" != python ]; do shift; done
program=$1; shift
exec "{bin}/$program" "$@"
"""


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An author, nobody's settings, and a `uvx` that fetches nothing."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "uvx").write_text(UVX.format(bin=BIN))
    (folder / "uvx").chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **AUTHOR, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run(environment: dict[str, str]) -> Run:
    """Run a command in a folder, whatever comes of it."""

    def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def releases(tmp_path: Path, run: Run) -> Path:
    """A repository of the template, as it is cloned, with one release."""
    template = export(tmp_path / "shipshape")
    (template / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "adopt.py", template / "scripts")
    git(run, template, "init", "--quiet", "--initial-branch", "main")
    release(run, template, "v1.0.0")
    return template


@pytest.fixture
def project(tmp_path: Path, run: Run) -> Path:
    """The project, in git."""
    folder = shutil.copytree(PROJECT, tmp_path / "parcels")
    git(run, folder, "init", "--quiet", "--initial-branch", "main")
    commit(run, folder, "feat: parcels")
    return folder


def git(run: Run, folder: Path, *arguments: str) -> str:
    """What git says; it must not fail."""
    done = run(folder, "git", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(run: Run, folder: Path, message: str) -> None:
    """Commit all there is."""
    git(run, folder, "add", "--all")
    git(run, folder, "commit", "--quiet", "--message", message)


def release(run: Run, template: Path, tag: str) -> None:
    """Commit a template, and tag it."""
    commit(run, template, f"feat: {tag}")
    git(run, template, "tag", tag)


def files(folder: Path) -> dict[str, bytes]:
    """What is in a repository, but for what git and Python leave there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", "__pycache__", ".pytest_cache"} & {*path.parts}
    }
