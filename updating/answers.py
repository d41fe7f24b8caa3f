"""What the template was answered with, and from where and which release it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipshape.template import ANSWERS, ProgramError, TemplateError

from .programs import read_yaml

_RESTORE = f"Copier writes it; `git log -p -- {ANSWERS}` shows how it was, to put it back"


@dataclass(frozen=True)
class Answers:
    """The answers file: `release` is a tag of the template, or what else names a commit."""

    source: str
    release: str
    given: Mapping[str, Any]


def read(folder: Path) -> Answers:
    """The answers file of a folder; TemplateError where it cannot be used."""
    path = folder / ANSWERS
    if not path.is_file():
        raise TemplateError(f"there is no {ANSWERS}, which says what to update from: {_RESTORE}")
    return parse(path.read_text("utf-8", "replace"))


def parse(text: str) -> Answers:
    """The text of an answers file; TemplateError where it cannot be used."""
    try:
        found = read_yaml(text)
    except ProgramError as error:
        raise TemplateError(f"{ANSWERS} is no YAML: {error.reason}. {_RESTORE}") from None
    if not isinstance(found, dict):
        raise TemplateError(
            f"{ANSWERS} must be a list of names and answers, and is not. {_RESTORE}"
        )
    for name, meaning in {
        "_src_path": "the address of the template, such as https://…/shipshape.git",
        "_commit": "the release that this service has, such as v1.4.0",
    }.items():
        if not found.get(name):
            raise TemplateError(f"{ANSWERS} lacks {name}, {meaning}. {_RESTORE}")
    given = {name: value for name, value in found.items() if not name.startswith("_")}
    return Answers(str(found["_src_path"]), str(found["_commit"]), given)
