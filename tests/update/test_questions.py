"""What a release accepted as an answer stays accepted: Copier would take the default instead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from copier._main import Worker
from copier._user_data import AnswersMap, Question

from tests.render.test_answers import LONGEST, ODD_DESCRIPTIONS, REFUSED

from .history import NOW, RELEASES, choices, questions

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("update-1")]

TEXTS = [
    *[text for _, text, _ in REFUSED],
    *ODD_DESCRIPTIONS,
    *["orders", "price-list", "a1-b2", "price_list", "a1_b2", LONGEST, "a", "x" * 200],
    *["@a", "@a/b", "@Some-Organisation/the.team_1-a", "@" + "a" * 99, "@a-b/c"],
    *["a@b.c", "first.last+orders%a_b@mail.some-team.example.com", "https://a.b"],
    *["https://chat.example.com:8443/room/#orders?a=b&c=%20~d", "https://a.b/" + "c" * 188],
    *["ghcr.io/a/b", "registry.example.com:5000/some/group/orders", "a/b.c_d-e"],
]
RESERVED_LATER = {"package": {"delivery"}}
"""Since 0.3.0 each service had a folder of that name."""


def asked(history: Path, folder: Path, tag: str) -> Iterator[tuple[str, Question]]:
    """The questions of a release that are answered by a text."""
    answers = {"service": "orders"}
    with Worker(
        src_path=str(history), dst_path=folder, vcs_ref=tag, data=answers, defaults=True, quiet=True
    ) as worker:
        worker._ask()
        context = {**worker._render_context()}
        for name, details in worker.template.questions_data.items():
            if details.get("type") == "str" and "validator" in details:
                yield name, Question(
                    answers=AnswersMap(),
                    context=context,
                    jinja_env=worker.jinja_env,
                    var_name=name,
                    **details,
                )


def accepted(question: Question) -> set[str]:
    """The texts that it takes."""

    def takes(text: str) -> bool:
        try:
            question.validate_answer(text)
        except ValueError:
            return False
        return True

    return {text for text in TEXTS if takes(text)}


@pytest.fixture(scope="module")
def now(history: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What the working tree accepts."""
    folder = tmp_path_factory.mktemp("now")
    return {name: accepted(question) for name, question in asked(history, folder, NOW)}


@pytest.mark.parametrize("tag", RELEASES)
def test_no_answer_is_refused_that_a_release_took(
    history: Path, tmp_path: Path, now: dict[str, set[str]], tag: str
) -> None:
    before = {name: accepted(question) for name, question in asked(history, tmp_path, tag)}
    assert len(before) > 3
    assert all(before.values())
    for name, texts in before.items():
        assert texts - now[name] <= RESERVED_LATER.get(name, set()), name


@pytest.mark.parametrize("tag", RELEASES)
def test_no_choice_is_dropped(tag: str) -> None:
    here: dict[str, Any] = questions(NOW)
    offered = {name: each for name, each in questions(tag).items() if "choices" in each}
    assert offered
    for name, question in offered.items():
        assert {*choices(question)} <= {*choices(here[name])}, name


def test_the_same_answers_are_refused(
    history: Path, tmp_path: Path, now: dict[str, set[str]]
) -> None:
    """A validator that takes anything would pass the tests above."""
    for name, question in asked(history, tmp_path, RELEASES[-1]):
        assert now[name] == accepted(question), name
