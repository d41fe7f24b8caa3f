"""What all forms show of a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..check import Kind, Level, Status
from ..level_held import ANNOTATION, FILE
from ..report import Report, Result
from .places import Repository


@dataclass(frozen=True)
class Summary:
    """A report, and what people want to know of it first."""

    report: Report
    held: Level | None
    """The level that the service holds; None if none."""
    repository: Repository
    checked_at: datetime

    @property
    def pillars(self) -> Mapping[str, Sequence[Result]]:
        """The results by the names of their pillars."""
        found: dict[str, list[Result]] = {}
        for result in self.report.results:
            found.setdefault(result.check.pillar, []).append(result)
        return found

    @property
    def problems(self) -> Sequence[Result]:
        """The results that are not clean, those of the lowest level first.

        Without the external checks that nobody attested.
        """
        found = (it for it in self.report.results if not it.status.clean and not _waits(it))
        return sorted(found, key=lambda it: (not it.enforced, it.check.level))

    @property
    def waiting(self) -> Sequence[Result]:
        """The external checks that wait for a person."""
        return [it for it in self.report.results if _waits(it)]

    @property
    def warnings(self) -> Sequence[Result]:
        """The results whose waiver or attestation ends soon."""
        return [it for it in self.report.results if it.warning]

    @property
    def level(self) -> Level | None:
        """The level reached; None below bronze, and where not all checks ran."""
        return self.report.level if self.report.complete else None

    @property
    def level_name(self) -> str:
        """The level reached in one word, or two."""
        if not self.report.complete:
            return "not known"
        return str(self.level) if self.level else "none"

    @property
    def next_level(self) -> Level | None:
        """The level above the one reached; None where there is none."""
        if not self.report.complete:
            return None
        return next((it for it in Level if it > (self.level or 0)), None)

    @property
    def missing(self) -> Sequence[Result]:
        """The results that keep the service from the next level."""
        return self.report.missing(self.next_level) if self.next_level else []

    @property
    def counts(self) -> str:
        """How many checks there are of each status, such as `58 pass, 1 fail`."""
        statuses = [it.status for it in self.report.results]
        return ", ".join(f"{statuses.count(it)} {it}" for it in Status if it in statuses)

    @property
    def headline(self) -> str:
        """The level reached, or why it is not known."""
        if not self.report.complete:
            return "The level is known when all checks run: `make checklist`."
        return f"Level: {self.level_name}"

    @property
    def conclusion(self) -> Sequence[str]:
        """Sentences about the level held, and about what is missing for the next one."""
        return [*self._held(), *self._next()] if self.report.complete else []

    def _held(self) -> Iterable[str]:
        reached, held = self.level or 0, self.held or 0
        if reached < held:
            yield f"The service is below {self.held}, the level that it holds."
        elif reached > held:
            yield f"To keep {self.level}, set `{ANNOTATION}` in {FILE} to {self.level}."

    def _next(self) -> Iterable[str]:
        automatic = [it.check.id for it in self.missing if not _waits(it)]
        if automatic:
            yield f"Missing for {self.next_level}: {', '.join(dict.fromkeys(automatic))}."
        elif self.missing:
            yield (
                f"All automatic checks of {self.next_level} are clean. "
                f"Missing: {_count(len(self.missing), 'attestation')} by a person."
            )


def _waits(result: Result) -> bool:
    return result.check.kind is Kind.EXTERNAL and result.status is Status.UNKNOWN


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
