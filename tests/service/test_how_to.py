"""docs/how-to.md of a service works as written: each recipe ends with a passing `make check`."""

import os
import re
from pathlib import Path

import pytest

from scripts.render import ROOT, render
from tests.pages import blocks, terminal
from tests.repositories import ENVIRONMENT, git, initialise

from .conftest import KINDS, run, without_make

pytestmark = [pytest.mark.slow, pytest.mark.long]

PAGE = ROOT / "template" / "docs" / "how-to.md.jinja"
RECIPES = re.findall(r"^## (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
FIRST = {"Remove the example": "Add an endpoint"}
TRIED = [
    *(("postgresql", title) for title in RECIPES),
    *(
        ("none", title) for title in ("Call another service", "Remove the example")
    ),  # the rest is alike
]


@pytest.fixture(scope="module")
def practised(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A service in git, for the recipes alone: they change it."""
    folder = tmp_path_factory.mktemp(f"how-to-{request.param}") / "service"
    render(template, folder, **KINDS[request.param])
    run(folder, "make", "install")
    return initialise(folder)


@pytest.fixture
def service(practised: Path) -> Path:
    """The service as it was committed first."""
    [first] = git(practised, "rev-list", "--max-parents=0", "HEAD").split()
    git(practised, "reset", "--quiet", "--hard", first)
    git(practised, "clean", "--quiet", "--force", "-d")
    run(practised, "make", "install")
    return practised


def recipe(service: Path, title: str) -> str:
    """The text of a recipe."""
    page = (service / "docs" / "how-to.md").read_text("utf-8")
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def follow(service: Path, text: str) -> None:
    """Do what a recipe shows."""
    with terminal(service, without_make(dict(os.environ | ENVIRONMENT))) as shell:
        for block in blocks(text):
            if block.kind == "diff":
                block.apply(service)
                continue
            for step in block.steps():
                step.check(*shell.run(step.command))


@pytest.mark.parametrize(
    ("practised", "title"),
    [pytest.param(*it, marks=pytest.mark.xdist_group(f"how-to {it[0]}")) for it in TRIED],
    indirect=["practised"],
)
def test_recipe_works_as_written(service: Path, title: str) -> None:
    text = recipe(service, title)
    if title in FIRST:
        follow(service, recipe(service, FIRST[title]))
        git(service, "add", "--all")
        git(service, "commit", "--quiet", "--message", "feat: add an endpoint")
    assert "$ make check\n" in text
    follow(service, text)
