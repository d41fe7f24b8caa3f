"""docs/checklist.md of a service works as written."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checks import run_tool
from tests.commands import SHIPSHAPE
from tests.pages import Step, blocks
from tests.tool.conftest import rendered


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service to change."""
    return shutil.copytree(rendered(), tmp_path / "orders")


def follow(service: Path, step: Step) -> None:
    """Do what the page shows, in the environment of these tests."""
    command = step.command.replace("python3 .shipshape", shlex.join(SHIPSHAPE))
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=service,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    step.check(done.stdout, done.returncode)


def test_a_check_of_the_team_works_as_shown(service: Path) -> None:
    steps = 0
    for block in blocks((service / "docs" / "checklist.md").read_text("utf-8")):
        if block.kind == "diff":
            block.apply(service)
        for step in block.steps():
            follow(service, step)
            steps += 1
    assert steps == 3
    for tool in ("black", "isort"):
        run_tool(service, tool, "--check", "--quiet", "checklist")
    run_tool(service, "flake8", "checklist")
