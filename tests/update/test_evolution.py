"""The working tree takes nothing from the services that any release has made."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks import report
from tests.repositories import git

from .evolution import (
    Questionnaire,
    answers_like,
    configuration,
    lost_answers,
    lost_files,
    lost_lines,
    lost_questions,
)
from .history import NOW, RELEASES, Services
from .test_edits import chosen

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("update-1")]

GOOD = {
    "service": ["orders", "price-list", "a1-b2", "class", "a"],
    "description": [
        "Orders",
        '"Öffnen" {{ 7*7 }} it\'s <b>`x`</b> # no: comment 🫖',
        "null",
        "3.14",
    ],
    "package": ["orders", "price_list", "a1_b2", "class_service"],
    "owner": ["@a", "@some/team", "@Some-Organisation/the.team_1-a"],
    "contact": [
        "team@example.com",
        "first.last+orders%a_b@mail.some-team.example.com",
        "https://chat.example.com:8443/room/#orders?a=b&c=%20~d",
    ],
    "image": ["ghcr.io/some/orders", "registry.example.com:5000/some/group/or_ders.x"],
}
"""Of each question that takes a text, good answers of each kind."""

MADE = 200
"""How many answers like them are tried of each, beside those that are as long as can be."""


@pytest.fixture(scope="module")
def templates(history: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The releases and the working tree, each in a folder."""
    folder = tmp_path_factory.mktemp("templates")
    for tag in (*RELEASES, NOW):
        git(history, "worktree", "add", "--quiet", "--detach", str(folder / tag), tag)
        (folder / tag / ".git").unlink()  # Copier would take it for a repository
    return {tag: folder / tag for tag in (*RELEASES, NOW)}


def files(services: Services, tag: str) -> set[str]:
    """What services of a release have, over sets of answers."""
    made = [services.fresh(tag, answers) for answers in chosen(tag)]
    return {name for it in made for name in git(it, "ls-files", "-z").split("\0")[:-1]}


@pytest.mark.parametrize("tag", RELEASES)
def test_no_file_with_edits_is_deleted(
    services: Services, templates: dict[str, Path], tag: str
) -> None:
    earlier, later = configuration(templates[tag]), configuration(templates[NOW])
    report(lost_files(earlier, files(services, tag), later, files(services, NOW)))


@pytest.mark.parametrize("tag", RELEASES)
def test_nothing_of_copier_yml_is_gone(templates: dict[str, Path], tag: str) -> None:
    earlier, later = configuration(templates[tag]), configuration(templates[NOW])
    report([*lost_lines(earlier, later), *lost_questions(earlier, later)])


@pytest.mark.parametrize("tag", RELEASES)
def test_each_answer_is_still_good(templates: dict[str, Path], tag: str) -> None:
    for answers in chosen(tag):
        tried: dict[str, Any] = {name: [answer] for name, answer in answers.items()}
        if answers == chosen(tag)[0]:
            tried |= {name: answers_like(good, MADE) for name, good in GOOD.items()}
        earlier, later = (Questionnaire(templates[each], answers) for each in (tag, NOW))
        report(lost_answers(earlier, later, tried))


def test_each_text_has_answers_to_try() -> None:
    asked = configuration(Path(__file__).parents[2])
    texts = {
        name
        for name, question in asked.items()
        if not name.startswith("_") and question["type"] == "str" and "choices" not in question
        if question.get("when") is not False
    }
    assert texts == GOOD.keys()


# -- Each fault is found ---------------------------------------------------------------------------

OLD: dict[str, Any] = {
    "_subdirectory": "template",
    "_skip_if_exists": ["/lock"],
    "_exclude": ["*~", "{% if _copier_operation == 'update' %}/seed{% endif %}"],
    "_ownership": {"template": ["/engine"], "shared": ["/settings"]},
    "name": {
        "type": "str",
        "default": "a",
        "validator": "{% if name | length > 9 %}Long.{% endif %}",
    },
    "kind": {"type": "str", "default": "small", "choices": ["small", "big"]},
}
FILES = {"lock", "seed", "engine", "settings"}
SEED = "{{% if _copier_operation == 'update' %}}/{}{{% endif %}}"


def changed(**changes: Any) -> dict[str, Any]:
    """The later copier.yml: the earlier one with changes, None for what is gone."""
    later = copy.deepcopy(OLD) | changes
    return {name: value for name, value in later.items() if value is not None}


@pytest.mark.parametrize(
    ("gone", "later", "found"),
    [
        ("engine", OLD, []),  # the template's own
        ("settings", OLD, ["settings is gone"]),
        ("lock", OLD, ["lock is gone"]),
        ("seed", OLD, []),  # excluded for good
        ("seed", changed(_exclude=["*~"]), ["seed is gone"]),
        ("settings", changed(_exclude=[*OLD["_exclude"], SEED.format("settings")]), []),
    ],
)
def test_a_file_that_is_gone_is_found(gone: str, later: dict[str, Any], found: list[str]) -> None:
    faults = list(lost_files(OLD, FILES, later, FILES - {gone}))
    assert len(faults) == len(found)
    assert all(fault.startswith(start) for fault, start in zip(faults, found))


@pytest.mark.parametrize(
    ("later", "fault"),
    [
        (changed(_exclude=["*~"]), "_exclude: "),
        (changed(_skip_if_exists=[]), "_skip_if_exists: '/lock' is gone"),
    ],
)
def test_a_lifted_line_is_found(later: dict[str, Any], fault: str) -> None:
    [found] = lost_lines(OLD, later)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("later", "fault"),
    [
        (changed(name=None), "name is gone"),
        (
            changed(kind={"type": "str", "default": "big", "choices": {"Big": "big"}}),
            "kind lost the",
        ),
        (changed(region={"type": "str"}), "region is new and has no default"),
    ],
)
def test_a_lost_question_is_found(later: dict[str, Any], fault: str) -> None:
    [found] = lost_questions(OLD, later)
    assert found.startswith(fault)


def test_a_renamed_question_is_none_that_is_lost() -> None:
    later = changed(name=None, title={"type": "str", "default": "{{ name | default('a') }}"})
    assert list(lost_questions(OLD, later)) == []


@pytest.mark.parametrize(
    ("later", "fault"),
    [
        (OLD, None),
        (
            changed(name=OLD["name"] | {"validator": "{% if name | length > 8 %}Long.{% endif %}"}),
            "name: 1 ",
        ),
        (
            changed(
                name=OLD["name"]
                | {"validator": "{% if name == 9 * 'a' %}{{ nothing.x }}{% endif %}"}
            ),
            "name: ",
        ),
        (changed(name=OLD["name"] | {"type": "int", "default": 1, "validator": ""}), "name: "),
        (changed(name=OLD["name"] | {"when": False}), "name is not asked any more"),
        (changed(name=OLD["name"] | {"when": "{{ kind == 'big' }}"}), "name is not asked any more"),
        (
            changed(kind=OLD["kind"] | {"choices": ["small"]}),
            "kind: 1 good answers are refused now",
        ),
    ],
)
def test_a_lost_answer_is_found(tmp_path: Path, later: dict[str, Any], fault: str | None) -> None:
    for name, each in (("earlier", OLD), ("later", later)):
        (tmp_path / name / "template").mkdir(parents=True)
        (tmp_path / name / "copier.yml").write_text(yaml.safe_dump(each))
    before, after = (Questionnaire(tmp_path / it, {"kind": "small"}) for it in ("earlier", "later"))
    tried = {"name": ["a", "a" * 9, "a" * 10], "kind": ["small", "big", "huge"]}
    found = list(lost_answers(before, after, tried))
    assert [fault is not None and each.startswith(fault) for each in found] == [True] * bool(fault)


def test_tried_answers_that_are_all_bad_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    (tmp_path / "copier.yml").write_text(yaml.safe_dump(OLD))
    questionnaire = Questionnaire(tmp_path, {})
    [found] = lost_answers(questionnaire, questionnaire, {"name": ["a" * 10]})
    assert "none of the answers to try is a good one" in found
