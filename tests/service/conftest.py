"""Services of a few kinds, each installed once from its lock and kept in git."""

import os
import subprocess
from pathlib import Path

import pytest

from scripts.render import render

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


def kinds(*names: str) -> pytest.MarkDecorator:
    """Have a test try these kinds alone: the others would show nothing new, and take minutes."""
    params = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]
    return pytest.mark.parametrize("service", params, indirect=True)


@pytest.fixture(
    scope="session",
    params=[pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in KINDS],
)
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
