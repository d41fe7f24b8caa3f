"""The objectives in monitoring/slo.yaml: what callers are promised, and who answers for it."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .. import yaml_files
from ..errors import ShipshapeError

FILE = Path("monitoring/slo.yaml")

LEAST_PERCENT = 94
"""Below it, a budget is so large that no share of failures is 14.4 times as much."""


class Objective(BaseModel):
    """A share of the requests that must be good: answered well, or soon enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern="^[a-z][a-z0-9-]*$")
    percent: Decimal = Field(ge=LEAST_PERCENT, lt=100)
    within_seconds: float | None = None
    routes: tuple[str, ...] = ()
    reason: str = Field(min_length=1)

    @property
    def kind(self) -> str:
        """What it is about, as the names of its alerts have it."""
        return "Availability" if self.within_seconds is None else "Latency"

    @property
    def budget(self) -> str:
        """The share of the requests that may be bad, as PromQL has numbers."""
        return f"{((100 - self.percent) / 100).normalize():f}"


class Promise(BaseModel):
    """All objectives of the service, and what an alert says of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    runbook: str = Field(pattern="^https?://")
    dashboard: str = Field(pattern="^https?://")
    objectives: tuple[Objective, ...] = Field(min_length=1)


def read(latency_buckets: Sequence[float]) -> Promise:
    """ShipshapeError if the file is invalid, or a latency is not the bound of a bucket."""
    try:
        promise = Promise.model_validate(yaml_files.read(FILE))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its top"
        raise ShipshapeError(f"{FILE}: {place}: {first['msg']}") from None
    for number, objective in enumerate(promise.objectives):
        if objective.within_seconds not in (None, *latency_buckets):
            raise ShipshapeError(
                f"{FILE}: objectives.{number}.within_seconds: the histogram of requests has no "
                f"bucket for it; choose one of {', '.join(f'{it:g}' for it in latency_buckets)}"
            )
    names = [each.name for each in promise.objectives]
    if len({*names}) < len(names):
        raise ShipshapeError(f"{FILE}: each objective needs a name of its own: {', '.join(names)}")
    return promise
