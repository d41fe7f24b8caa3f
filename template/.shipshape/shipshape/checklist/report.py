"""The results of the checks, and the level that they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .check import Check, Evidence, Kind, Level, Record, Status
from .decisions import FILE, Decisions

WARNING = timedelta(days=14)
"""How long before a waiver or an attestation ends the checklist warns of it."""


@dataclass(frozen=True)
class Result:
    """What became of a check."""

    check: Check
    status: Status
    evidence: tuple[Evidence, ...]
    """The facts that show it, or the problems; one sentence at least."""
    warning: str = ""
    """What the team must do soon so that it stays so."""
    seconds: float = 0

    @property
    def enforced(self) -> bool:
        """Whether it may hold a level back."""
        return self.check.enforced_from is None or self.check.enforced_from <= date.today()

    @property
    def clean(self) -> bool:
        return self.status.clean or not self.enforced


@dataclass(frozen=True)
class Report:
    """The results of a run, in the order of the pillars."""

    service: str
    results: Sequence[Result]
    complete: bool
    """Whether all checks ran: only then is there a level."""

    def missing(self, level: Level) -> list[Result]:
        """The results that keep the service from a level."""
        return [it for it in self.results if it.check.level <= level and not it.clean]

    @property
    def level(self) -> Level | None:
        """The highest level reached; None below bronze."""
        return max((it for it in Level if not self.missing(it)), default=None)

    @property
    def level_of_automatic_checks(self) -> Level | None:
        """The same, as if all external checks were attested."""
        external = [it for it in self.results if it.check.kind is not Kind.EXTERNAL]
        return Report(self.service, external, self.complete).level

    def exit_code(self, level: Level | None) -> int:
        """0 if the service has this level; 1 if a check fails; 2 if one could not be tried."""
        missing = self.missing(level) if level else []
        if any(it.status is Status.FAIL for it in missing):
            return 1
        return 2 if missing else 0


def result(
    check: Check, status: Status, record: Record, decisions: Decisions, seconds: float
) -> Result:
    """The result of a check that ran, with what the team decided about it."""
    found = tuple(record.problems if status is Status.FAIL else record.evidence)
    waiver = decisions.waived(check.id)
    if waiver is None or status in (Status.PASS, Status.NOT_APPLICABLE):
        return Result(check, status, found, seconds=seconds)
    if waiver.expires < date.today():
        expired = Evidence(f"its waiver expired on {waiver.expires}", str(FILE))
        return Result(check, status, (*found, expired), seconds=seconds)
    waived = Evidence(f"{waiver.reason} ({waiver.owner}, until {waiver.expires})", str(FILE))
    warning = ""
    if waiver.expires - date.today() <= WARNING:
        warning = f"the waiver expires on {waiver.expires}"
    return Result(check, Status.WAIVED, (waived, *found), warning, seconds)


def attested(check: Check, decisions: Decisions) -> Result:
    """The result of an external check."""
    attestation = decisions.attested(check.id)
    record = Record()
    if attestation is None:
        record.shows("nobody has attested it")
        return result(check, Status.UNKNOWN, record, decisions, 0)
    ends = attestation.on + timedelta(days=check.attested_for)
    text = f"{attestation.evidence} ({attestation.by}, {attestation.on})"
    if ends < date.today():
        record.shows(f"the attestation is stale since {ends}: {text}", str(FILE))
        return result(check, Status.UNKNOWN, record, decisions, 0)
    soon = ends - date.today() <= WARNING
    warning = f"attest it again before {ends}" if soon else ""
    return Result(check, Status.PASS, (Evidence(text, str(FILE)),), warning)
