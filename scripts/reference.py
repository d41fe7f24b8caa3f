"""Write docs/reference/questions.md from copier.yml: the questions, and who owns which file.

`make docs` writes the page; with `--check` this fails where the committed one is stale.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "questions.md"

HEAD = """\
# Questions and file ownership

Made from `copier.yml` by `scripts/reference.py`; do not edit it by hand.

## Questions

`copier copy --defaults` takes every default; `-d NAME=VALUE` answers one question beforehand.
"""
NOT_ASKED = """\
## Answers that are not asked

There is a single choice, or the answer follows from the others.
"""
OWNERSHIP = """\
## Who owns which file

Each file has one owner; [a decision record](../decisions/0005-ownership-of-files.md) says why.
A path starts at the root of the service. One that ends with a slash is a folder with all in it.
"""
REQUIRED = "yours, required", "never touch it", "created again"
SEED = "yours, an example to start from", "never touch it", "stays deleted"
OTHERS = "every other file", "the template's, or shared", "merge into it", "stays deleted"

TAG = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
EXPRESSION = re.compile(r"{{-?\s*(.*?)\s*-?}}", re.DOTALL)
UPDATE_ONLY = re.compile(r"{%-?\s*if\s+_copier_operation\s*==\s*['\"]update['\"]\s*-?%}")


def page(copier: Mapping[str, Any]) -> str:
    """The whole page for what copier.yml says."""
    questions = {name: each for name, each in copier.items() if not name.startswith("_")}
    asked = [name for name, each in questions.items() if each.get("when") is not False]
    parts = [HEAD, *(section(name, questions) for name in asked)]
    rest = [
        (code(name), plain(each.get("help", "")), default(name, questions))
        for name, each in questions.items()
        if name not in asked
    ]
    if rest:
        parts += [NOT_ASKED, table(("Answer", "Question", "Value"), rest)]
    head = "Files", "Owner", "Updates of the template", "If you delete it"
    return "\n".join([*parts, OWNERSHIP, table(head, owners(copier))])


def section(name: str, questions: Mapping[str, Any]) -> str:
    """A question with all that is to know of it."""
    question = questions[name]
    facts = {
        "Type": code(question.get("type", "yaml")),
        "Choices": ", ".join(choices(question.get("choices", ()))),
        "Default": default(name, questions),
        "Asked": f"when {code(question['when'])}" if "when" in question else "",
        "Rule": rule(question.get("validator", "")),
    }
    lines = (f"- {label}: {fact}" for label, fact in facts.items() if fact)
    return "\n".join((f"### {name}\n", f"{plain(question.get('help', ''))}\n", *lines, ""))


def choices(given: Any) -> Iterator[str]:
    """Each choice, with the text that the person who is asked sees in its place."""
    if isinstance(given, Mapping):
        yield from (f"{code(value)} ({plain(shown)})" for shown, value in given.items())
    else:
        yield from map(code, given)


def default(name: str, questions: Mapping[str, Any]) -> str:
    """The default; where it is worked out, from what."""
    if "default" not in questions[name]:
        return "none: it must be answered"
    value = questions[name]["default"]
    if not isinstance(value, str) or not (TAG.search(value) or EXPRESSION.search(value)):
        return code(value)
    sources = {"_folder_name": "the name of the folder"} | {
        other: code(other) for other in questions if other != name
    }
    used = (shown for source, shown in sources.items() if re.search(rf"\b{source}\b", value))
    return f"made from {' and '.join(used)}"


def rule(validator: str) -> str:
    """What a validator says is right: the text between its Jinja tags."""
    return plain(EXPRESSION.sub("…", TAG.sub(" ", validator)))


def owners(copier: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """A row for each file that copier.yml gives an owner of its own, and one for all others."""
    for pattern in copier.get("_skip_if_exists", ()):
        yield path(pattern), *REQUIRED
    for pattern in copier.get("_exclude", ()):
        if UPDATE_ONLY.search(pattern):
            yield path(pattern), *SEED
    yield OTHERS


def path(pattern: str) -> str:
    """A pattern as people write a path: src/<package>/items.py."""
    return code(EXPRESSION.sub(r"<\1>", TAG.sub("", pattern)))


def plain(text: object) -> str:
    """Text on one line."""
    return " ".join(str(text).split())


def code(value: object) -> str:
    """A value in backticks."""
    return f"`{plain(value)}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Write the page or, with --check, say whether it is stale."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    wanted = page(yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8")))
    if not arguments:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(wanted, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted:
        name = PAGE.relative_to(ROOT)
        print(f"{name} is stale: run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
