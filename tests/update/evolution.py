"""What a release may not take from the services that have an earlier one.

A fault is a sentence; the functions here return those between an earlier and a later template.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from copier._main import Worker
from copier._user_data import Question

from scripts.ownership import matches, owners, patterns

Configuration = Mapping[str, Any]

BEFORE_OWNERSHIP = {
    "template": [
        "/.github/workflows/",
        "/delivery/",
        "/scripts/",
        "/src/*/chassis/",
        "/tests/chassis/",
        "/tests/delivery/",
        "/tests/unit/test_requests.py",
    ]
}
"""What was the template's in releases that did not say so, and is gone."""


def lost_files(
    earlier: Configuration, before: set[str], later: Configuration, after: set[str]
) -> Iterator[str]:
    """Files that teams may have edited, and that an update would delete."""
    said = earlier if "_ownership" in earlier else {**earlier, "_ownership": BEFORE_OWNERSHIP}
    handed_over = patterns(later)["seed"]
    for name in sorted(before - after):
        if owners(said, name) != ["template"] and not matches(handed_over, name):
            yield f"{name} is gone, with the edits of teams: hand it over, by a line in _exclude"


def lost_lines(earlier: Configuration, later: Configuration) -> Iterator[str]:
    """Lines of the lists that say what is a team's."""
    for key in ("_exclude", "_skip_if_exists"):
        for line in earlier.get(key, ()):
            if line not in later.get(key, ()):
                yield f"{key}: {line!r} is gone, and updates would touch what is a team's"


def lost_questions(earlier: Configuration, later: Configuration) -> Iterator[str]:
    """Questions and choices that are gone, and new ones that must be answered."""
    old, new = _questions(earlier), _questions(later)
    defaults = " ".join(str(each.get("default", "")) for each in new.values())
    for name, question in old.items():
        if name not in new:
            if not re.search(rf"\b{name}\b", defaults):
                yield f"{name} is gone: its answer is lost, unless another default takes it over"
            continue
        for choice in _choices(question):
            if _choices(new[name]) and choice not in _choices(new[name]):
                yield f"{name} lost the choice {choice!r}: who gave it silently gets the default"
    for name in new.keys() - old.keys():
        if "default" not in new[name]:
            yield f"{name} is new and has no default: no update passes without an answer"


def _questions(copier: Configuration) -> dict[str, Any]:
    return {name: each for name, each in copier.items() if not name.startswith("_")}


def _choices(question: Mapping[str, Any]) -> list[Any]:
    offered = question.get("choices", ())
    return list(offered.values() if isinstance(offered, dict) else offered)


class Questionnaire:
    """The questions of a template in a folder, with the answers to all others given."""

    def __init__(self, template: Path, answers: Mapping[str, Any]) -> None:
        worker = Worker(str(template), template / "nowhere", data=dict(answers), defaults=True)
        worker._ask()
        self._hidden = worker.answers.hidden
        self._questions = {
            name: Question(
                var_name=name,
                answers=worker.answers,
                context=worker._render_context(),
                jinja_env=worker.jinja_env,
                **details,
            )
            for name, details in worker.template.questions_data.items()
        }

    def stores(self, name: str) -> bool:
        """Whether an answer is kept, and not worked out at each update."""
        return name in self._questions and name not in self._hidden

    def accepts(self, name: str, answer: Any) -> bool:
        """Whether Copier takes an answer, as it does with a recorded one."""
        question = self._questions[name]
        try:
            question.validate_answer(question.parse_answer(answer))
        except Exception:  # as Copier does
            return False
        return True


def lost_answers(
    earlier: Questionnaire, later: Questionnaire, answers: Mapping[str, Sequence[Any]]
) -> Iterator[str]:
    """Answers that one took, and the next would silently replace by the default."""
    for name, given in answers.items():
        if not earlier.stores(name):
            continue
        good = [answer for answer in given if earlier.accepts(name, answer)]
        if not good:
            yield f"{name}: none of the answers to try is a good one"
        elif not later.stores(name):
            yield f"{name} is not asked any more: its answer is lost"
        else:
            bad = [answer for answer in good if not later.accepts(name, answer)]
            if bad:
                yield f"{name}: {len(bad)} good answers are refused now, such as {bad[0]!r}"


def answers_like(good: Sequence[str], number: int) -> list[str]:
    """Answers of all lengths, and others that are like good ones; always the same ones."""
    shortest, longest = min(good, key=len), max(good, key=len)
    made = [*good, *(longest[:length] for length in range(1, len(longest)))]
    made += [shortest + shortest[-1] * more for more in range(1, 201)]
    source = random.Random(0)
    letters = sorted({*"".join(good), *"aZ0-_./@:%+ é\n"})
    for _ in range(number):
        text = list(source.choice(good))
        for _ in range(source.randint(1, 3)):
            place, length = source.randint(0, len(text)), source.randint(0, 2)
            text[place : place + length] = source.choices(letters, k=source.randint(0, 2))
        made.append("".join(text))
    return made


def configuration(template: Path) -> Configuration:
    """The copier.yml of a template in a folder."""
    read: Configuration = yaml.safe_load((template / "copier.yml").read_text("utf-8"))
    return read
