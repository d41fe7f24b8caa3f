"""What a check is, and what a check says of a service."""

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import NoReturn

import pytest


class Level(IntEnum):
    """How ready a service is: the highest level whose checks, and all lower ones, are clean."""

    BRONZE = 1
    SILVER = 2
    GOLD = 3

    def __str__(self) -> str:
        return self.name.lower()


class Kind(StrEnum):
    """How a check looks at a service."""

    STATIC = "static"
    """It reads files."""
    DYNAMIC = "dynamic"
    """It starts the service and tries it."""
    EXTERNAL = "external"
    """A person attests it in checklist.toml: it is outside of the repository."""


class Status(StrEnum):
    """The result of a check. Only the first three are clean."""

    PASS = "pass"
    WAIVED = "waived"
    NOT_APPLICABLE = "not applicable"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It could not be tried."""
    ERROR = "error"
    """The check itself failed."""

    @property
    def clean(self) -> bool:
        return self in (Status.PASS, Status.WAIVED, Status.NOT_APPLICABLE)


PILLARS = {
    "DX": "Developer experience",
    "AU": "Automation",
    "DO": "Documentation",
    "OB": "Observability",
    "ST": "Stability",
    "SE": "Security",
}
"""The pillars by the letters that ids of their checks start with. Teams may add their own."""

_ID = re.compile(r"([A-Z]{2,})[0-9]+")


@dataclass(frozen=True)
class Check:
    """A check of the checklist. An id may have one check of each kind."""

    id: str
    title: str
    level: Level
    kind: Kind
    why: str
    fix: str
    sources: tuple[str, ...]
    """Which published checklists ask for it, or the address of a page."""
    enforced_from: date | None
    """Before this day it is shown, but holds no level back."""
    attested_for: int
    """Days that an attestation of an external check is good for."""

    @property
    def pillar(self) -> str:
        letters = self.id.rstrip("0123456789")
        return PILLARS.get(letters, letters)


def check(
    id: str,
    title: str,
    *,
    level: Level,
    kind: Kind,
    why: str,
    fix: str,
    sources: tuple[str, ...] = (),
    enforced_from: date | None = None,
    attested_for: int = 180,
) -> pytest.MarkDecorator:
    """Mark a test as a check: its id is letters and a number, such as ST2."""
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is not a check id: it must be capital letters and a number")
    # Nothing else checks the types in a check of a team.
    for value, type in ((level, Level), (kind, Kind), (sources, tuple)):
        if not isinstance(value, type):
            raise TypeError(f"{id} needs a {type.__name__.lower()} in place of {value!r}")
    return pytest.mark.check(
        Check(id, title, level, kind, why, fix, sources, enforced_from, attested_for)
    )


@dataclass(frozen=True)
class Evidence:
    """A fact that a check found, and where: a file with its line, a request, a line of a log."""

    text: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class Record:
    """What a running check finds. A check that finds no problem passes; it must show evidence."""

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.problems: list[Evidence] = []

    def shows(self, text: str, place: str = "") -> None:
        """Record a fact that shows that the check holds."""
        self.evidence.append(Evidence(text, place))

    def problem(self, text: str, place: str = "") -> None:
        """Record what is wrong, in a sentence. The check goes on, and fails at its end."""
        self.problems.append(Evidence(text, place))


class NotApplicable(Exception):
    """The check does not apply to this service; the message says why."""


class Unknown(Exception):
    """The check could not be tried here; the message says why."""


def not_applicable(reason: str) -> NoReturn:
    """End a check that does not apply, such as one of migrations without a database."""
    raise NotApplicable(reason)


def unknown(reason: str) -> NoReturn:
    """End a check that cannot be tried here, such as one that needs a command nobody named."""
    raise Unknown(reason)
