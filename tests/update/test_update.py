"""An update of a service that nobody has edited gives what a fresh copy would."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts.ownership import owners
from scripts.releases import order
from tests.render.test_example import State, differences, state
from tests.repositories import commit, git

from .history import (
    NOW,
    RELEASES,
    TEXTS,
    Answers,
    Services,
    answers_of,
    configuration,
    of_release,
    sets,
    update,
)

pytestmark = pytest.mark.slow

CHECKLIST = "0.10.0"
"""The release from which a service holds a level of the checklist."""
NOT_SHOWN = {"service", *TEXTS}


def files(service: Path) -> State:
    """What git holds of a service, and will."""
    return {name: it for name, it in state(service).items() if not name.startswith(".git/")}


def of_the_team(name: str) -> bool:
    """Whether a file is a team's once it has been given."""
    return owners(configuration(NOW), name) in (["required"], ["seed"])


def assert_peace(service: Path) -> None:
    """There is nothing to resolve, and no trace that there was."""
    assert git(service, "diff", "--name-only", "--diff-filter=U") == ""
    assert not list(service.rglob("*.rej"))
    git(service, "add", "--all")
    assert git(service, "diff", "--cached", "--check") == ""


def assert_as_fresh(service: Path, fresh: Path) -> None:
    """A service that has been updated is as a new one with its answers, but for what is the team's.

    That is unchanged; `HEAD` is what it was before.
    """
    before = git(service, "ls-tree", "-r", "--name-only", "-z", "HEAD").split("\0")[:-1]
    other = differences(files(service), files(fresh))
    assert [name for name in other if not of_the_team(name)] == []
    changed = git(service, "diff", "--name-only", "-z", "HEAD").split("\0")[:-1]
    assert [name for name in changed if name in before and of_the_team(name)] == []


def combinations() -> list[Any]:
    """Each release with some sets of answers; a worker takes a release's next to each other."""
    return [
        pytest.param(
            tag,
            answers,
            id="-".join([tag, *(str(answers[name]) for name in answers if name not in NOT_SHOWN)]),
            marks=of_release(tag, number),
        )
        for tag in RELEASES
        for number, answers in enumerate(sets(tag))
    ]


@pytest.mark.parametrize(("tag", "answers"), combinations())
def test_an_update_equals_a_fresh_copy(
    services: Services, tmp_path: Path, tag: str, answers: Answers
) -> None:
    service = services.updated(tag, answers)
    assert_peace(service)
    fresh = shutil.copytree(services.fresh(NOW, answers_of(service)), tmp_path / "fresh")
    if order(tag.removeprefix("v")) < order(CHECKLIST):
        catalog = fresh / "catalog-info.yaml"
        text = catalog.read_text("utf-8")
        catalog.write_text(text.replace("level: silver", "level: none"), "utf-8")
    assert_as_fresh(service, fresh)
    assert answers_of(service).items() >= answers_of(services.fresh(tag, answers)).items()


@pytest.mark.parametrize(
    ("tag", "answers"),
    [pytest.param(tag, sets(tag)[0], id=tag, marks=of_release(tag, 0)) for tag in RELEASES],
)
def test_a_second_update_changes_nothing(
    services: Services, tmp_path: Path, tag: str, answers: Answers
) -> None:
    updated = services.updated(tag, answers)
    service = shutil.copytree(updated, tmp_path / "orders", symlinks=True)
    commit(service, "chore: update")
    before = files(service)
    update(service)
    assert files(service) == before


@pytest.mark.xdist_group("update-0")
def test_an_answer_can_be_changed_without_a_newer_release(
    services: Services, tmp_path: Path
) -> None:
    """By Copier itself; tests/update/test_messages.py tries the command that a copy prints."""
    service = services.mine(NOW, sets(NOW)[0], tmp_path)
    update(service, owner="@other/team")
    assert_peace(service)
    assert answers_of(service)["owner"] == "@other/team"
    assert "@other/team" in (service / "README.md").read_text("utf-8")
