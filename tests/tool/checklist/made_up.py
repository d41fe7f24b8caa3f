"""Checks and results that are made up, so that tests do not depend on those of the template."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from shipshape.checklist.check import Check, Evidence, Kind, Level, Status
from shipshape.checklist.output.places import Repository
from shipshape.checklist.output.summary import Summary
from shipshape.checklist.report import Report, Result

TODAY = date.today()

IMPORTS = """\
import datetime

from shipshape.checklist.check import Kind, Level, check, not_applicable, unknown

GOOD = dict(why="It breaks.", fix="Run `make fix`.", sources=("Google",))
"""

PILLAR = f"""\
{IMPORTS}

@check("ST1", "Probes are declared", level=Level.BRONZE, kind=Kind.STATIC, **GOOD)
def test_probes(record):
    record.shows("the probes are there", "service.py:1")


@check("ST2", "Liveness ignores dependencies", level=Level.SILVER, kind=Kind.DYNAMIC, **GOOD)
def test_liveness(record):
    record.shows("200 without a database", "GET /live")


@check("ST13", "A backup was restored", level=Level.GOLD, kind=Kind.EXTERNAL, **GOOD)
def test_backup():
    pass
"""
"""A service with these checks is silver, and gold but for an attestation."""


def days(number: int) -> date:
    """The day that is so many days ahead."""
    return TODAY + timedelta(days=number)


def a_check(
    id: str = "ST1", level: Level = Level.BRONZE, kind: Kind = Kind.STATIC, **changes: object
) -> Check:
    """A check; the arguments are what is particular about it."""
    usual: dict[str, object] = {
        "title": f"Title of {id}",
        "why": f"Why of {id}.",
        "fix": f"Run `make {id.lower()}`.",
        "sources": ("Google", "12-factor III"),
        "enforced_from": None,
        "attested_for": 180,
    }
    return Check(id, level=level, kind=kind, **usual | changes)  # type: ignore[arg-type]


def a_result(
    id: str = "ST1",
    status: Status = Status.PASS,
    *evidence: Evidence,
    level: Level = Level.BRONZE,
    kind: Kind = Kind.STATIC,
    warning: str = "",
    **changes: object,
) -> Result:
    """The result of a made-up check."""
    found = evidence or (Evidence(f"evidence of {id}"),)
    return Result(a_check(id, level, kind, **changes), status, found, warning, 0.5)


FAILING = a_result(
    "ST4",
    Status.FAIL,
    Evidence("the call `get` | <b>has</b> no limit", "service.py:12"),
    Evidence("it took 61 s", "GET /slow"),
    level=Level.SILVER,
)
WAITING = a_result("SE10", Status.UNKNOWN, level=Level.GOLD, kind=Kind.EXTERNAL)
RESULTS = (
    a_result("DX1"),
    a_result("ST1", Status.NOT_APPLICABLE),
    FAILING,
    a_result("ST5", Status.WAIVED, warning="the waiver expires soon"),
    a_result("ST6", Status.UNKNOWN, level=Level.SILVER, kind=Kind.DYNAMIC),
    a_result("ST7", Status.ERROR, level=Level.GOLD, enforced_from=days(9)),
    WAITING,
)
"""A result of each status, of a service that is bronze."""


def a_report(results: Sequence[Result] = RESULTS, complete: bool = True) -> Report:
    return Report("orders", results, complete)


def a_summary(
    results: Sequence[Result] = RESULTS,
    held: Level = Level.SILVER,
    complete: bool = True,
    repository: Repository | None = None,
) -> Summary:
    """What the forms show of results."""
    at = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
    return Summary(a_report(results, complete), held, repository or Repository(), at)
