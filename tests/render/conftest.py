"""Every combination of answers, copied once for all tests."""

from itertools import product
from pathlib import Path

import pytest
import yaml
from pytest_copie.plugin import Copie

from scripts.render import ROOT

QUESTIONS = {
    name: question
    for name, question in yaml.safe_load((ROOT / "copier.yml").read_text()).items()
    if not name.startswith("_")
}


def choices(name: str) -> list[str]:
    """The values that a question offers, its default first: that combination is never slow."""
    question = QUESTIONS[name]
    offered = question["choices"]
    values = list(offered.values() if isinstance(offered, dict) else offered)
    return sorted(values, key=lambda value: bool(value != question["default"]))


def is_fast(answers: dict[str, str]) -> bool:
    """Each choice once, but for the Python: all the defaults, and all that is none."""
    others = {name: answer for name, answer in answers.items() if len(choices(name)) == 2}
    usual = {answer == QUESTIONS[name]["default"] for name, answer in others.items()}
    return answers["python"] == QUESTIONS["python"]["default"] and len(usual) == 1


def combinations() -> list[pytest.param]:  # type: ignore[valid-type]
    """All of them, those that are not fast marked so.

    Questions with many choices go through them together: they touch different lines, and their
    combinations would be hundreds.
    """
    offered = {name: choices(name) for name, each in QUESTIONS.items() if "choices" in each}
    many = [name for name, values in offered.items() if len(values) > 2]
    others = [name for name in offered if name not in many]
    parameters = []
    for *few, together in product(*map(choices, others), zip(*map(choices, many), strict=True)):
        chosen = dict(zip(others, few, strict=True)) | dict(zip(many, together, strict=True))
        answers = {name: chosen[name] for name in offered}
        label = "-".join(answers.values())
        marks = [pytest.mark.xdist_group(label)]  # one worker makes it, and looks at it
        if not is_fast(answers):
            marks.append(pytest.mark.slow)
        parameters.append(pytest.param(answers, id=label, marks=marks))
    return parameters


@pytest.fixture(scope="session", params=combinations())
def service(request: pytest.FixtureRequest, copie_session: Copie, template: Path) -> Path:
    """A service with one combination of answers."""
    answers = {"service": "orders", **request.param}
    copy = copie_session.copy(answers, template_dir=template)
    assert copy.exception is None, copy.exception
    assert isinstance(copy.project_dir, Path)
    return copy.project_dir
