"""A template with a release, a project that was made without it, and the commands for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import ROOT, export
from tests.repositories import ENVIRONMENT, git, initialise

PROJECT = Path(__file__).parent / "project"
collect_ignore = ["project"]

# As the commands call them: `uv venv … FOLDER`, then `uv pip sync … LOCK`, and `uvx copier`. For
# `make`, which has other folders and locks, it is the real uv. `with-packages` is a Python.
PROGRAMS = {
    "uv": """\
#!/bin/sh
for last; do :; done
case "$1 $last" in
    "venv "*/.tools/copier | "venv "*/.tools/checklist)
        mkdir -p "$last/bin" && exec ln -sf "{folder}/with-packages" "$last/bin/python" ;;
    "pip "*/copier.lock | "pip "*/shipshape.lock) exit 0 ;;
esac
exec "{root}/.tools/bin/uv" "$@"
""",
    "uvx": """\
#!/bin/sh
exec "{prefix}/bin/$@"
""",
    "with-packages": """\
#!/bin/sh
exec "{prefix}/bin/python" "$@"
""",
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An author, nobody's settings, and a uv that gives the tests' own packages."""
    folder = tmp_path_factory.mktemp("programs")
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text.format(folder=folder, prefix=sys.prefix, root=ROOT))
        (folder / name).chmod(0o755)
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
    shutil.copy(ROOT / ".gitignore", folder)
    initialise(folder)
    git(folder, "tag", "v1.0.0")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project, in git."""
    return initialise(shutil.copytree(PROJECT, tmp_path / "parcels"))
