"""Each check of tests/checks.py catches the fault that it is there for."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import render
from tests import checks

UNSAFE_WORKFLOW = """
on: pull_request_target
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {ref: "${{ github.head_ref }}"}
"""

UNSAFE_ACTION = """
name: Install
description: An input as code
inputs:
  name:
    description: Whatever a caller says
runs:
  using: composite
  steps:
    - run: echo ${{ inputs.name }}
      shell: bash
"""

FAULTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "bad TOML": (checks.files_parse, "bad.toml", "a = \n"),
    "bad YAML": (checks.files_parse, "bad.yaml", "a: b: c\n"),
    "bad JSON": (checks.files_parse, "bad.json", "{,}\n"),
    "bad Python": (checks.files_parse, "bad.py", "def\n"),
    "Jinja in a text": (checks.no_template_is_left, "README.md", "{{ service }}\n"),
    "Jinja in Python": (checks.no_template_is_left, "bad.py", "name = '{{ service }}'\n"),
    "Jinja in JSON": (checks.no_template_is_left, "bad.json", '"{{label}} {{ service }}"\n'),
    "a block of Jinja": (checks.no_template_is_left, "README.md", "{% if ci %}\n"),
    "Jinja in a name": (checks.no_template_is_left, "{% if ci %}a", "a\n"),
    "a template": (checks.no_template_is_left, "README.md.jinja", "a\n"),
    "a conflict": (checks.no_template_is_left, "README.md", "<<<<<<< before\n"),
    "an empty file": (checks.whitespace_is_clean, "empty.md", ""),
    "no last newline": (checks.whitespace_is_clean, "README.md", "a"),
    "two last newlines": (checks.whitespace_is_clean, "README.md", "a\n\n"),
    "trailing blanks": (checks.whitespace_is_clean, "README.md", "a \nb\n"),
    "a hole": (checks.whitespace_is_clean, "README.md", "a\n\n\n\nb\n"),
    "a tab": (checks.whitespace_is_clean, "README.md", "\ta\n"),
    "carriage returns": (checks.whitespace_is_clean, "README.md", "a\r\n"),
    "a style of its own": (checks.formatters_change_nothing, "src/orders/bad.py", "a='b'\n"),
    "unsorted imports": (
        checks.formatters_change_nothing,
        "src/orders/bad.py",
        "import sys\nimport os\n",
    ),
    "an unused import": (
        checks.flake8_of_the_service_is_content,
        "src/orders/bad.py",
        "import os\n",
    ),
    "a test for None": (
        checks.flake8_of_the_service_is_content,
        "src/orders/bad.py",
        "a = 1 == None\n",
    ),
    "a mutable default": (
        checks.flake8_of_the_service_is_content,
        "src/orders/bad.py",
        "def a(b=[]):  # bugbear\n    return b\n",
    ),
    "an unsafe workflow": (
        checks.workflows_are_safe,
        ".github/workflows/bad.yml",
        UNSAFE_WORKFLOW,
    ),
    "an image of no version": (checks.dockerfile_is_sound, "Dockerfile", "FROM debian\n"),
    "a container of no version": (
        checks.compose_file_fits_its_schema,
        "compose.yaml",
        "services: {a: {image: 'postgres:18}'}}\n",
    ),
    "a wrong compose file": (
        checks.compose_file_fits_its_schema,
        "compose.yaml",
        "services: {a: {imago: a}}\n",
    ),
    "a wrong workflow": (
        checks.workflows_fit_their_schema,
        ".github/workflows/bad.yml",
        "on: push\njobs: []\n",
    ),
    "a wrong bot": (checks.workflows_fit_their_schema, ".github/dependabot.yml", "version: 1\n"),
    "a wrong action": (
        checks.workflows_fit_their_schema,
        ".github/actions/install/action.yml",
        "name: Install\nruns: {}\n",
    ),
    "an unsafe action": (
        checks.workflows_are_safe,
        ".github/actions/install/action.yml",
        UNSAFE_ACTION,
    ),
    "a shell script": (checks.shell_scripts_are_checked, "bad", "#!/usr/bin/env bash\n"),
}

GITLAB_FAULTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a wrong pipeline": (
        checks.workflows_fit_their_schema,
        ".gitlab/ci/checks.yml",
        "check:\n  script: {}\n",
    ),
    "a job by a name that means something": (
        checks.workflows_fit_their_schema,
        ".gitlab/ci/main.yml",
        "image:\n  script: [make image]\n",
    ),
    "a wrong bot": (checks.workflows_fit_their_schema, "renovate.json", '{"enabled": 1}\n'),
    "two forges": (
        checks.workflows_are_safe,
        ".github/workflows/bad.yml",
        UNSAFE_WORKFLOW,
    ),
}


@pytest.fixture(scope="module")
def sound_on_gitlab(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service on GitLab without a fault."""
    return render(template, tmp_path_factory.mktemp("gitlab"), service="orders", ci="gitlab")


@pytest.fixture(scope="module")
def sound(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service without a fault."""
    return render(template, tmp_path_factory.mktemp("sound"), service="orders")


SLOW = {"a test for None", "a mutable default"}  # flake8 takes seconds for each


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, marks=[pytest.mark.slow] if fault in SLOW else []) for fault in FAULTS],
)
def test_a_fault_is_caught(sound: Path, tmp_path: Path, fault: str) -> None:
    check, name, text = FAULTS[fault]
    service = shutil.copytree(sound, tmp_path / "service")
    (service / name).write_bytes(text.encode())
    with pytest.raises(AssertionError, match=re.escape(Path(name).name)):
        check(service)


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("fault", GITLAB_FAULTS)
def test_a_fault_on_gitlab_is_caught(sound_on_gitlab: Path, tmp_path: Path, fault: str) -> None:
    check, name, text = GITLAB_FAULTS[fault]
    service = shutil.copytree(sound_on_gitlab, tmp_path / "service")
    check(service)
    (service / name).parent.mkdir(parents=True, exist_ok=True)
    (service / name).write_bytes(text.encode())
    with pytest.raises(AssertionError):
        check(service)


@pytest.mark.xdist_group("faults")
def test_an_empty_folder_is_caught(sound: Path, tmp_path: Path) -> None:
    service = shutil.copytree(sound, tmp_path / "service")
    (service / "docs" / "nothing").mkdir(parents=True)
    with pytest.raises(AssertionError, match="an empty folder"):
        checks.whitespace_is_clean(service)


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_nothing_to_check_is_caught(tmp_path: Path, check: Callable[[Path], None]) -> None:
    with pytest.raises(AssertionError):
        check(tmp_path)
