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

Generated from `copier.yml` by `make docs`. Do not edit this page.

`copier copy --defaults` uses every default. `-d NAME=VALUE` answers a single question.
"""
NOT_ASKED = """\
## Questions that are not asked

These have a single choice, or follow from the release of the service.
"""

TAG = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
EXPRESSION = re.compile(r"{{-?\s*(.*?)\s*-?}}", re.DOTALL)


def page(copier: Mapping[str, Any]) -> str:
    """The page of the questions."""
    questions = {name: each for name, each in copier.items() if not name.startswith("_")}
    long = copier["_explanations"]
    asked = [name for name, each in questions.items() if each.get("when") is not False]
    parts = [HEAD, *(section(name, questions, long[name]) for name in asked)]
    rest = [
        (code(name), f"{plain(each.get('help', ''))} {long[name]}", default(name, questions))
        for name, each in questions.items()
        if name not in asked
    ]
    if rest:
        parts += [NOT_ASKED, table(("Answer", "Question", "Value"), rest)]
    return "\n".join(parts)


def section(name: str, questions: Mapping[str, Any], explanation: str) -> str:
    """A question with its explanation and its rules."""
    question = questions[name]
    facts = {
        "Type": code(question.get("type", "yaml")),
        "Choices": ", ".join(choices(question.get("choices", ()))),
        "Default": default(name, questions),
        "Asked": f"when {code(question['when'])}" if "when" in question else "",
        "Messages": messages(question.get("validator", "")),
    }
    lines = (f"- {label}: {fact}" for label, fact in facts.items() if fact)
    return "\n".join(
        (f"### {name}\n", f"{plain(question.get('help', ''))}\n", f"{explanation}\n", *lines, "")
    )


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
    sources = {
        "_folder_name": "the name of the folder",
        "_external_data": "the last answers",
        **{other: code(other) for other in questions if other != name},
    }
    used = (shown for source, shown in sources.items() if re.search(rf"\b{source}\b", value))
    return f"made from {' and '.join(used)}"


def messages(validator: str) -> str:
    """All messages of a validator: the text between its Jinja tags."""
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
