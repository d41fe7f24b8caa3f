"""Services of a few kinds, each installed once from its lock and kept in git."""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.render import ROOT, render

IN_SERVICE = ROOT / "tests" / "in_service"

KINDS = {
    "postgresql": {"service": "orders"},
    "none": {
        "service": "price-list",
        "database": "none",
        "ci": "gitlab",
        "deploy": "nomad",
        "availability": "99.5",
    },
    "odd": {
        "service": "a-very-long-name-for-a-service-of-orders",
        "description": '"Öffnen" {{ 7*7 }} {% raw %} it\'s <b>`x`</b> \\n # no: comment 🫖',
        "owner": "@Some-Organisation/the.team_1-a",
        "contact": "https://chat.example.com:8443/room/#orders?a=b&c=%20~d",
        "python": "3.11",
        "availability": "99",
    },
}

LONG = {"odd"}
"""The kinds that `make test` leaves to `make test-long`."""


def without_make(variables: dict[str, str]) -> dict[str, str]:
    """An environment that does not say it is inside of another make or test, or what to ask."""
    others = {"DATABASE_URL", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
    others |= {"PYTEST_ADDOPTS", "VIRTUAL_ENV"}
    return {name: value for name, value in variables.items() if name not in others}


def run(service: Path, *command: str) -> str:
    """Run a command to its end, which must be a good one; what it said."""
    done = subprocess.run(
        command,
        cwd=service,
        env=without_make(dict(os.environ)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-6000:]}"
    return done.stdout


def kinds(*names: str, long: Collection[str] = ()) -> pytest.MarkDecorator:
    """Have a test try these kinds alone: the others would show nothing new, and take minutes.

    `make test` leaves those in `long` to `make test-long`, as it does those in LONG.
    """
    return pytest.mark.parametrize("service", _parameters(names, long), indirect=True)


def _parameters(names: Iterable[str], long: Collection[str] = ()) -> list[Any]:
    """The kinds as parameters; one worker runs all tests of a kind."""
    return [
        pytest.param(
            name,
            marks=[
                pytest.mark.xdist_group(name),
                *[pytest.mark.long] * (name in LONG or name in long),
            ],
        )
        for name in names
    ]


@pytest.fixture(scope="session", params=_parameters(KINDS))
def service(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A service as its README has it made: copied, installed, committed."""
    answers = KINDS[request.param]
    folder = tmp_path_factory.mktemp(request.param) / "service"
    render(template, folder, **answers)
    run(folder, "make", "install")
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all")
    return folder


@pytest.fixture(scope="session")
def tested(service: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the service, in the same environment, with the tests of `in_service` added."""
    folder = tmp_path_factory.mktemp("tested") / "service"
    made = shutil.ignore_patterns(".venv", ".tools", ".git", ".data", ".*_cache", ".hypothesis")
    shutil.copytree(service, folder, symlinks=True, ignore=made)
    for environment in (".venv", ".tools"):
        (folder / environment).symlink_to(service / environment)
    add_tests(folder)
    return folder


def add_tests(service: Path) -> None:
    """Add the tests of `in_service` that fit the answers of the service, in its own names."""
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text("utf-8"))
    kinds = {"every", answers["database"], answers["deploy"]}
    for source in sorted(IN_SERVICE.glob("*/*/*.py")):
        part, kind, name = source.relative_to(IN_SERVICE).parts
        if kind in kinds:
            target = service / "tests" / part / name
            target.parent.mkdir(exist_ok=True)
            text = source.read_text("utf-8")
            imported, expected = r"(?m)^(from|import) orders\b", r'(== \{?)"orders"'
            text = re.sub(imported, rf"\1 {answers['package']}", text)
            text = re.sub(expected, rf'\1"{answers["service"]}"', text)
            target.write_text(text, "utf-8")
