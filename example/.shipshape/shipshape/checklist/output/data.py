"""The checklist as JSON. Names stay; a change that breaks readers raises `version`."""

from datetime import date, datetime

from pydantic import BaseModel

from ..check import Evidence, Level
from ..level_held import NONE
from ..report import Result
from . import places
from .summary import Summary


class Fact(BaseModel):
    """A fact or a problem that a check found."""

    text: str
    place: str
    """A file with its line, a request, or empty."""
    file: str | None
    """The place, if it is a file of the service."""
    line: int | None


class Item(BaseModel):
    """A check and its result. `id` and `kind` together are unique."""

    id: str
    title: str
    pillar: str
    level: str
    kind: str
    """static, dynamic or external."""
    status: str
    """pass, waived, not applicable, fail, unknown or error."""
    clean: bool
    """Whether it holds no level back."""
    enforced_from: date | None
    """Before this day the check holds no level back."""
    evidence: list[Fact]
    warning: str
    """What the team must do soon; empty without a warning."""
    why: str
    fix: str
    sources: list[str]
    seconds: float


class Document(BaseModel):
    """The file."""

    version: int = 1
    service: str
    commit: str
    """Empty without git."""
    checked_at: datetime
    complete: bool
    """Whether all checks ran. Otherwise no level is known."""
    level: str | None
    """bronze, silver or gold; null below bronze, and if not all checks ran."""
    automatic_level: str | None
    """The same, as if all external checks were attested."""
    held_level: str
    """The level in catalog-info.yaml."""
    next_level: str | None
    """The level above; null for gold, and if not all checks ran."""
    missing: list[str]
    """The ids of the checks that keep the service from the next level."""
    checks: list[Item]


def text(summary: Summary) -> str:
    """The document as JSON."""
    report = summary.report
    automatic = report.level_of_automatic_checks if report.complete else None
    document = Document(
        service=report.service,
        commit=summary.repository.commit,
        checked_at=summary.checked_at,
        complete=report.complete,
        level=_name(summary.level),
        automatic_level=_name(automatic),
        held_level=str(summary.held or NONE),
        next_level=_name(summary.next_level),
        missing=list(dict.fromkeys(it.check.id for it in summary.missing)),
        checks=[_item(it) for it in report.results],
    )
    return document.model_dump_json(indent=2) + "\n"


def _name(level: Level | None) -> str | None:
    return None if level is None else str(level)


def _item(result: Result) -> Item:
    check = result.check
    return Item(
        id=check.id,
        title=check.title,
        pillar=check.pillar,
        level=str(check.level),
        kind=check.kind,
        status=result.status,
        clean=result.clean,
        enforced_from=check.enforced_from,
        evidence=[_fact(it) for it in result.evidence],
        warning=result.warning,
        why=check.why,
        fix=check.fix,
        sources=list(check.sources),
        seconds=round(result.seconds, 3),
    )


def _fact(evidence: Evidence) -> Fact:
    place = places.parsed(evidence.place)
    return Fact(
        text=evidence.text,
        place=evidence.place,
        file=place.file if place else None,
        line=place.line if place else None,
    )
