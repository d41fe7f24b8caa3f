"""Services that are broken on purpose, and the checks that notice it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from shipshape.checklist import run
from shipshape.checklist.check import Kind, Status
from shipshape.checklist.report import Report
from shipshape.checklist.subject import of_service

Change = Callable[[Path], None]
"""Breaks the service in a folder."""

KINDS = {
    "-".join(answers): dict(zip(("ci", "deploy", "database"), answers, strict=True))
    for answers in product(("github", "gitlab"), ("kubernetes", "nomad"), ("postgresql", "none"))
}
"""The answers of each kind of service."""

GITHUB = "github-kubernetes-postgresql"
GITLAB = "gitlab-kubernetes-postgresql"
NOMAD = "github-nomad-postgresql"
WITHOUT_DATABASE = "github-kubernetes-none"


@dataclass(frozen=True)
class Mutation:
    """A change of a fresh service that one check notices, and no other."""

    check: str
    name: str
    change: Change
    kind: str = GITHUB
    unknown: tuple[str, ...] = ()
    """Checks that cannot be tried on the broken service."""

    def __str__(self) -> str:
        return f"{self.check} {self.name}"


def static() -> Report:
    """The results of the static checks in the current folder."""
    return run.run(of_service(), {Kind.STATIC})


def unclean() -> dict[str, tuple[Status, str]]:
    """The static checks that are not clean in the current folder, and what they found."""
    return {
        it.check.id: (it.status, "; ".join(map(str, it.evidence)))
        for it in static().results
        if not it.clean
    }


# -- Changes ---------------------------------------------------------------------------------------


def replaced(file: str, old: str, new: str) -> Change:
    """Replace the first place of a text that the file must have."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text, f"{file} has no {old!r}: the mutation breaks nothing"
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")

    return change


def without(file: str, pattern: str) -> Change:
    """Delete all that a regular expression finds, which must be something."""

    def change(folder: Path) -> None:
        text, count = re.subn(pattern, "", (folder / file).read_text("utf-8"), flags=re.MULTILINE)
        assert count, f"{file} has nothing like {pattern!r}: the mutation breaks nothing"
        (folder / file).write_text(text, "utf-8")

    return change


def appended(file: str, text: str) -> Change:
    """Add a text at the end of a file, which is made where there is none."""

    def change(folder: Path) -> None:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        with (folder / file).open("a", encoding="utf-8") as written:
            written.write(text)

    return change


def deleted(*files: str) -> Change:
    """Delete files."""

    def change(folder: Path) -> None:
        for file in files:
            (folder / file).unlink()

    return change


def both(*changes: Change) -> Change:
    """Make several changes that are one fault together."""

    def change(folder: Path) -> None:
        for each in changes:
            each(folder)

    return change
