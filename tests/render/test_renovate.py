"""The configuration of Renovate that docs/update.md of a service gives is one that it takes."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.render import render
from tests import checks, programs


@pytest.fixture(params=["github", "gitlab"])
def configured(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    """The file, as somebody makes it from the page."""
    service = render(template, tmp_path / "orders", service="orders", ci=request.param)
    page = (service / "docs" / "update.md").read_text("utf-8")
    [text] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    path = service / "renovate.json"
    path.write_text(text, "utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    configuration: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return configuration


def test_it_updates_by_copier(configured: Path) -> None:
    configuration = read(configured)
    assert "copier" in configuration["enabledManagers"]
    [rule] = configuration["packageRules"]
    assert rule["matchManagers"] == ["copier"]


def test_on_gitlab_it_still_does_what_it_did(template: Path, tmp_path: Path) -> None:
    service = render(template, tmp_path / "orders", service="orders", ci="gitlab")
    page = (service / "docs" / "update.md").read_text("utf-8")
    [text] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    before, after = read(service / "renovate.json"), json.loads(text)
    without = {"description", "enabledManagers"}
    assert {name: value for name, value in before.items() if name not in without} == {
        name: value for name, value in after.items() if name not in without | {"packageRules"}
    }
    assert set(after["enabledManagers"]) == {*before["enabledManagers"], "copier"}


def test_it_fits_its_schema(configured: Path) -> None:
    checks.run_tool(
        configured.parent, "check-jsonschema", "--builtin-schema", "vendor.renovate", configured
    )


def validated(path: Path) -> subprocess.CompletedProcess[str]:
    """What Renovate itself says to a configuration of a repository."""
    command = programs.npm_program("renovate-config-validator", "renovate", programs.RENOVATE)
    return subprocess.run(
        [*command, "--strict", "--no-global", path.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.slow
def test_renovate_takes_it(configured: Path) -> None:
    done = validated(configured)
    assert done.returncode == 0, done.stdout + done.stderr
    configured.write_text(configured.read_text("utf-8").replace('"copier"', '"copied"'), "utf-8")
    assert validated(configured).returncode == 1
