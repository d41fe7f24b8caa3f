"""Write docs/reference from copier.yml: the questions, and who owns which file.

`make docs` writes the pages; with `--check` this fails where a committed one is stale.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from . import ownership
from .markdown import code, plain, table

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"

HEAD = """\
# Questions

Made from `copier.yml` by `make docs`; do not edit it by hand.

`copier copy --defaults` takes every default; `-d NAME=VALUE` answers one question beforehand.
"""
NOT_ASKED = """\
## Answers that are not asked

There is a single choice, or the answer follows from the others.
"""

TAG = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
EXPRESSION = re.compile(r"{{-?\s*(.*?)\s*-?}}", re.DOTALL)


def page(copier: Mapping[str, Any]) -> str:
    """The page of the questions."""
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
    return "\n".join(parts)


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


def main(arguments: list[str]) -> int:
    """Write the page or, with --check, say whether it is stale."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    copier = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    wanted = {
        FOLDER / "questions.md": page(copier),
        FOLDER / "ownership.md": ownership.page(copier),
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if arguments:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`", file=sys.stderr)
        else:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
