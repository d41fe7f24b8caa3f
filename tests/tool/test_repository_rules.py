"""`shipshape repository-rules` shows what differs, and with `--apply` corrects it."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.render import ROOT, render
from tests.commands import shipshape

PROGRAMS = {"github": "gh", "gitlab": "glab"}


class Forge:
    """A service beside a stand-in for the forge's program."""

    def __init__(self, service: Path, program: str) -> None:
        self.service, self.program = service, program
        self.state = service.parent / "state.json"
        self.bin = service.parent / "bin"
        self.bin.mkdir()
        source = ROOT / "tests" / "forges" / f"{program}.py"
        command = shlex.join([sys.executable, str(source)])
        (self.bin / program).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (self.bin / program).chmod(0o755)

    def rules(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command, with no terminal to ask at."""
        variables = {"PATH": f"{self.bin}:/usr/bin:/bin", "STATE": str(self.state)}
        return shipshape(self.service, "repository-rules", *arguments, **variables)

    def changes(self) -> list[str]:
        """What the forge was asked to change."""
        log = json.loads(self.state.read_text())["log"]
        return [line for line in log if not line.startswith("GET ")]


@pytest.fixture(params=PROGRAMS)
def forge(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Forge:
    service = render(template, tmp_path / "orders", service="orders", ci=request.param)
    return Forge(service, PROGRAMS[request.param])


def test_nothing_is_changed_without_a_word(forge: Forge) -> None:
    done = forge.rules()
    assert done.returncode == 0, done.stderr
    assert "+++ settings" in done.stdout
    assert "make repository-rules apply=1" in done.stdout
    assert forge.changes() == []


def test_what_differs_is_set_right_once(forge: Forge) -> None:
    first = forge.rules("--apply")
    assert first.returncode == 0, first.stderr
    assert "set: settings" in first.stdout
    changes = forge.changes()
    assert len(changes) >= 5

    second = forge.rules("--apply")
    assert second.stdout == "the repository is as its rules say\n", second.stdout
    assert forge.changes() == changes


def test_a_rule_that_was_loosened_is_shown(forge: Forge) -> None:
    forge.rules("--apply")
    path = next(forge.service.glob(".git*/repository-rules.json"))
    rules = path.read_text()
    loosened = rules.replace('"non_fast_forward"', '"creation"').replace(
        '"allow_force_push": false', '"allow_force_push": true'
    )
    assert loosened != rules
    path.write_text(loosened)
    forge.rules("--apply")
    path.write_text(rules)
    done = forge.rules()
    assert re_added(done.stdout) & {'"type": "non_fast_forward"', '"allow_force_push": false,'}


def re_added(difference: str) -> set[str]:
    """The lines that would come back."""
    return {line[1:].strip() for line in difference.splitlines() if line.startswith("+")}


def test_a_reviewer_whom_nobody_knows(forge: Forge) -> None:
    path = next(forge.service.glob(".git*/repository-rules.json"))
    path.write_text(path.read_text().replace("@your-organisation/your-team", "@nobody"))
    done = forge.rules("--apply")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "knows no @nobody" in line


def test_a_program_that_is_missing(forge: Forge) -> None:
    (forge.bin / forge.program).unlink()
    done = forge.rules()
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert line == f"error: {forge.program} is needed to ask the forge: install it and log in"
