"""All that a terminal of 80 columns shows of a question fits: questionary cuts the rest."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from copier._main import Worker
from copier._types import AnyByStrDict
from copier._user_data import AnswersMap, Question
from prompt_toolkit.utils import get_cwidth

from scripts.reference import TAG
from scripts.render import ROOT, render

COLUMNS = 80
HELP = 75
MESSAGE = 40

QUESTIONS: dict[str, Any] = {
    name: each
    for name, each in yaml.safe_load((ROOT / "copier.yml").read_text("utf-8")).items()
    if not name.startswith("_")
}

LONG = "a" * 40
CONTEXTS: list[AnyByStrDict] = [
    {"service": "orders", "package": "orders"},
    {"service": LONG, "package": LONG, "description": "x" * 200, "owner": "@" + "a" * 99},
]
"""Answers to the other questions: usual ones and the longest."""

TEXTS = [
    *["", " ", "a ", "a\nb", "ü", "東京" * 20, "🫖", "{{ 7*7 }}", "a b", "A", "2fast", "a--b"],
    *["fastapi", "class", "team", "@", "@a/b/c", "https://", "http://a.b", "ghcr.io/A/b:1"],
    *[letter * length for letter in "a@" for length in (41, 101, 201)],
    *["$(id)", "'\"`", "\x1b[31m"],
]
LISTS = ["[", "x", "{a: b}", "[Makefile]", "[/Makefile]", "[/a, 1]", '["/a\\nb"]']
"""Answers of `keep`, in YAML; the service has recorded another one."""


def worker(template: Path, folder: Path, answers: AnyByStrDict) -> Worker:
    """What Copier asks with."""
    made = Worker(src_path=str(template), dst_path=folder, data=answers, defaults=True, quiet=True)
    made._ask()  # or the answers are not known
    return made


def question(template: Path, folder: Path, name: str, answers: AnyByStrDict) -> Question:
    """A question as Copier asks it, with answers to others."""
    with worker(template, folder, {"service": "orders"}) as asking:
        context = {**asking._render_context(), **answers}
        details = asking.template.questions_data[name]
        environment = asking.jinja_env
    return Question(
        answers=AnswersMap(), context=context, jinja_env=environment, var_name=name, **details
    )


def helps(template: Path, folder: Path, name: str) -> Iterator[str]:
    """Each line above an answer, and each choice below it."""
    for answers in CONTEXTS:
        asked = question(template, folder, name, answers)
        structure = asked.get_questionary_structure()
        yield f"{structure['qmark']} {structure['message'].rstrip()}"
        yield from (f" » {choice.title}" for choice in structure.get("choices", ()))


def messages(template: Path, folder: Path, name: str) -> Iterator[str]:
    """The line below each answer that is refused."""
    for answers in CONTEXTS:
        asked = question(template, folder, name, answers)
        validate = asked.get_questionary_structure().get("validate", lambda _: True)
        said = map(validate, LISTS if name == "keep" else TEXTS)
        yield from (text for text in said if text is not True)


def branches(name: str) -> set[str]:
    """All that a validator can say."""
    texts = TAG.split(QUESTIONS[name].get("validator", ""))
    return {" ".join(text.split()) for text in texts if text.strip()}


def faults(template: Path, folder: Path, name: str) -> list[str]:
    """What does not fit."""
    found = []
    for line in helps(template, folder, name):
        if get_cwidth(line) >= COLUMNS or len(line) - len("🎤 ") >= HELP or "\n" in line:
            found.append(f"too long: {line}")
    for line in messages(template, folder, name):
        said = line.removeprefix(f"Validation error for question '{name}': ")
        if get_cwidth(line) > COLUMNS or len(said) >= MESSAGE or "\n" in line:
            found.append(f"too long: {line}")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service that has recorded a `keep`, as its validator compares with that."""
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / ".copier-answers.yml").write_text("keep: [/trivy.yaml]\n")
    return tmp_path / "service"


@pytest.mark.parametrize("name", QUESTIONS)
def test_all_that_is_shown_fits_into_a_line(template: Path, folder: Path, name: str) -> None:
    assert faults(template, folder, name) == []


@pytest.mark.parametrize("name", [name for name in QUESTIONS if "validator" in QUESTIONS[name]])
def test_each_message_is_tried(template: Path, folder: Path, name: str) -> None:
    said = {
        line.removeprefix(f"Validation error for question '{name}': ")
        for line in messages(template, folder, name)
    }
    assert branches(name) <= said
    assert said - branches(name) <= {"Invalid input"}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("owner", "help", "x" * 75),
        ("owner", "help", "東" * 40),
        ("owner", "help", "{{ description }}"),
        ("database", "choices", {"x" * 80: "postgresql", "none": "none"}),
        ("owner", "validator", "{% if owner == 'ü' %}" + "x" * 40 + "{% endif %}"),
        ("description", "validator", "{% if description == 'ü' %}" + "x" * 36 + "{% endif %}"),
        ("package", "validator", "{% if package == 'ü' %}Use {{ service }}{% endif %}"),
        ("owner", "validator", "{% if owner == 'ü' %}one\nor two{% endif %}"),
    ],
)
def test_a_fault_is_found(
    template: Path, tmp_path: Path, folder: Path, name: str, key: str, value: object
) -> None:
    faulty = shutil.copytree(template, tmp_path / "faulty")
    configuration = yaml.safe_load((faulty / "copier.yml").read_text("utf-8"))
    configuration[name][key] = value
    (faulty / "copier.yml").write_text(yaml.safe_dump(configuration, sort_keys=False), "utf-8")
    assert faults(faulty, folder, name)


# -- The messages at the end ----------------------------------------------------------------------


def end(template: Path, capsys: pytest.CaptureFixture[str], folder: Path, **answers: str) -> str:
    """The message after a copy."""
    run_copy(str(template), folder, {"service": "orders", **answers}, defaults=True)
    return capsys.readouterr().err.rpartition("\n\norders is ready.")[2]


@pytest.mark.parametrize(
    ("answers", "named"),
    [
        ({}, "owner=@organisation/team contact=team@your.domain image=ghcr.io/organisation/orders"),
        ({"owner": "@shop/team"}, "contact=team@your.domain"),
        ({"contact": "a@b.c"}, "owner=@organisation/team image=ghcr.io/organisation/orders"),
        ({"image": "a/b"}, "owner=@organisation/team contact=team@your.domain"),
        (
            {"owner": "@a", "contact": "a@b.c", "image": "ghcr.io/your-organisation/b"},
            "image=ghcr.io/organisation/b",
        ),
        ({"owner": "@shop/team", "contact": "a@b.c"}, None),
    ],
    ids=str,
)
def test_each_placeholder_is_named(
    template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, str],
    named: str | None,
) -> None:
    said = end(template, capsys, tmp_path / "orders", **answers)
    found = re.search(r'^    make update data="(.+)"$', said, re.MULTILINE)
    assert (found and found[1]) == named
    assert ("Placeholders" in said) == (named is not None)
    for line in said.splitlines():
        assert len(line) < COLUMNS or line.startswith("    "), line


def test_no_answer_is_a_placeholder_after_the_command(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it gives as examples is accepted, and is no placeholder itself."""
    said = end(template, capsys, tmp_path / "first")
    given = re.findall(r"(\w+)=(\S+?)(?=[\s\"])", said.partition('data="')[2])
    assert len(given) == 3
    render(template, tmp_path / "second", service="orders", **dict(given))
    assert "Placeholders" not in end(template, capsys, tmp_path / "third", **dict(given))
