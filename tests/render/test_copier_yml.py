"""copier.yml says what Copier understands: it takes misspelt keys without a word."""

import re
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier._user_data import Question

from scripts.render import ROOT, render

from .test_ownership import HANDED_OVER

SETTINGS = {
    "_answers_file",
    "_envops",
    "_exclude",
    "_explanations",
    "_external_data",
    "_message_after_copy",
    "_message_after_update",
    "_min_copier_version",
    "_ownership",
    "_skip_if_exists",
    "_subdirectory",
}
"""The settings in use. Those that need trust, _tasks, _migrations and the like, never join.

_explanations and _ownership are not Copier's: it ignores what it does not know.
"""

ASKED_AT_MOST = 12


def read() -> dict[str, Any]:
    """The file, parsed."""
    text = (ROOT / "copier.yml").read_text("utf-8")
    configuration: dict[str, Any] = yaml.safe_load(text)
    return configuration


def question_keys() -> set[str]:
    """What a question may say, by Copier's own class."""
    given_by_copier = {"var_name", "answers", "context", "jinja_env", "settings"}
    return {field.name for field in fields(Question)} - given_by_copier


def faults(configuration: dict[str, Any]) -> list[str]:
    """What is wrong with it, in words."""
    found = []
    for name, value in configuration.items():
        if name.startswith("_"):
            if name not in SETTINGS:
                found.append(f"{name} is no setting of this template")
            continue
        if not isinstance(value, dict):
            found.append(f"{name} is no question")
            continue
        found += [f"{name}: {key} means nothing" for key in value.keys() - question_keys()]
        if not configuration["_explanations"].get(name):
            found.append(f"{name} has no text in _explanations")
        found += [f"{name} has no {key}" for key in ("type", "help", "default") if key not in value]
        is_computed = value.get("when") is False and "{%" in str(value.get("default"))
        if "choices" not in value and "validator" not in value and not is_computed:
            found.append(f"{name} takes anything: it has neither choices nor a validator")
        if value.get("when") is False and len(value.get("choices", ())) != 1 and not is_computed:
            found.append(f"{name} is not asked, though there is something to choose")
    asked = [
        name
        for name, value in configuration.items()
        if not name.startswith("_") and value.get("when") is not False
    ]
    if len(asked) > ASKED_AT_MOST:
        found.append(f"{len(asked)} questions are asked, more than {ASKED_AT_MOST}")
    return found


def test_copier_knows_each_key() -> None:
    assert faults(read()) == []


def test_the_class_of_a_question_is_still_what_it_was() -> None:
    assert {"type", "help", "default", "choices", "validator", "when"} <= question_keys()
    assert question_keys() <= set(signature(Question).parameters)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("service", "validater"), "x"),
        (("service", "helps"), "x"),
        (("_explanations", "service"), ""),
        (("_skip_if_exist",), ["poetry.lock"]),
        (("_tasks",), ["git init"]),
        (("_migrations",), []),
        (("_jinja_extensions",), ["x"]),
        (("extra",), {"type": "str", "help": "?", "default": "x"}),
        (("extra",), {"type": "str", "default": "x", "validator": ""}),
    ],
)
def test_a_fault_is_found(path: tuple[str, ...], value: object) -> None:
    configuration = read()
    target = configuration
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert faults(configuration)


def test_more_than_twelve_questions_are_found() -> None:
    question = {"type": "str", "help": "?", "default": "x", "validator": ""}
    assert faults(read() | {f"extra{number}": question for number in range(ASKED_AT_MOST)})


def test_each_path_in_the_lists_is_there(template: Path, tmp_path: Path) -> None:
    """A file that moves takes its line along, or updates would touch what is a team's."""
    configuration = read()
    seed = re.compile(r"\{% if _copier_operation == 'update' %\}/(.+)\{% endif %\}")
    seeds = [match[1] for entry in configuration["_exclude"] if (match := seed.fullmatch(entry))]
    required = [entry.strip("/") for entry in configuration["_skip_if_exists"]]
    assert len(seeds) > 5
    assert len(required) > 3
    services = [
        render(template, tmp_path / database, service="orders", database=database)
        for database in ("postgresql", "none")
    ]
    handed_over = {path.strip("/") for path in HANDED_OVER}
    paths = {*seeds, *required} - handed_over - {".env"}  # that one a team makes
    missing = [path for path in paths if not any(any(it.glob(path)) for it in services)]
    assert missing == []


def test_paths_in_the_lists_start_at_the_root() -> None:
    """A bare name would match in each folder: README.md in all of them, say."""
    configuration = read()
    junk = {"__pycache__", "*.py[co]", ".DS_Store", "*~"}
    answered = {entry for entry in configuration["_exclude"] if "keep" in entry}
    answered.add("!/.copier-answers.yml")
    assert len(answered) == 2
    for entry in {*configuration["_exclude"], *configuration["_skip_if_exists"]} - junk - answered:
        assert entry.removeprefix("{% if _copier_operation == 'update' %}").startswith("/"), entry
