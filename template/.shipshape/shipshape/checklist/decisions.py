"""`checklist.toml`: what the team decided about its checks, as waivers and attestations."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from ..errors import ShipshapeError

FILE = Path("checklist.toml")
MAX_DAYS = 365
"""How far ahead a waiver may expire."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ConfigurationError(ShipshapeError):
    """checklist.toml, or a check that the team added, is invalid."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    check: Text


class Waiver(_Entry):
    """A failing check that the team accepts until a day."""

    reason: Text
    owner: Text
    expires: date

    @model_validator(mode="after")
    def _within_a_year(self) -> Self:
        if self.expires > date.today() + timedelta(days=MAX_DAYS):
            raise ValueError(f"expires must be at most {MAX_DAYS} days ahead")
        return self


class Attestation(_Entry):
    """What a person saw outside of the repository, on a day, with a link that shows it."""

    by: Text
    on: date
    evidence: Text

    @model_validator(mode="after")
    def _not_ahead(self) -> Self:
        if self.on > date.today():
            raise ValueError("on must not be in the future")
        return self


class Decisions(BaseModel):
    """The file. Each check has at most one entry in each list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    waiver: tuple[Waiver, ...] = ()
    attestation: tuple[Attestation, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        for entries in (self.waiver, self.attestation):
            names = [entry.check for entry in entries]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{', '.join(twice)} must be named once in each list")
        return self

    def waived(self, check: str) -> Waiver | None:
        """The waiver of a check; it may have expired."""
        return next((it for it in self.waiver if it.check == check), None)

    def attested(self, check: str) -> Attestation | None:
        """The attestation of a check; it may be stale."""
        return next((it for it in self.attestation if it.check == check), None)


def read() -> Decisions:
    """The decisions, none without the file; ConfigurationError if it is invalid."""
    try:
        return Decisions.model_validate(tomllib.loads(FILE.read_text("utf-8")))
    except FileNotFoundError:
        return Decisions()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{FILE} cannot be read: {error}") from None
    except ValidationError as error:
        raise ConfigurationError("\n".join(_sentences(error))) from None


_REASONS = {
    "missing": "is missing",
    "extra_forbidden": "is not a known name",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "tuple_type": "must be tables such as [[waiver]]",
    "model_type": "must be a table",
    "date_type": "must be a date such as 2026-01-31",
    "date_parsing": "must be a date such as 2026-01-31",
    "date_from_datetime_parsing": "must be a date such as 2026-01-31",
    "date_from_datetime_inexact": "must be a date such as 2026-01-31",
}


def _sentences(error: ValidationError) -> list[str]:
    """One sentence for each fault, with the entry that has it, such as waiver 2."""
    found = []
    for fault in error.errors():
        match fault["loc"]:
            case (kind, int(index), *field):
                place = f"{FILE}: {kind} {index + 1}:"
            case field:
                place = f"{FILE}:"
        reason = _REASONS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        found.append(" ".join([place, *map(str, field), reason]))
    return found
