"""The objectives in monitoring/slo.yaml: what callers are promised, and who answers for it."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from orders.chassis.metrics import SECONDS

from .errors import MonitoringError

ROOT = Path(__file__).parents[2]
FILE = ROOT / "monitoring" / "slo.yaml"

LEAST_PERCENT = 94
"""Below it, a budget is so large that no share of failures is 14.4 times as much."""


def _is_an_edge(seconds: float) -> float:
    if seconds not in SECONDS:
        raise ValueError(
            "only requests within one of these are counted: " + ", ".join(map(str, SECONDS))
        )
    return seconds


class Objective(BaseModel):
    """A share of the requests that must be good: answered well, or soon enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern="^[a-z][a-z0-9-]*$")
    percent: Decimal = Field(ge=LEAST_PERCENT, lt=100)
    within_seconds: Annotated[float, AfterValidator(_is_an_edge)] | None = None
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


def read(file: Path = FILE) -> Promise:
    """MonitoringError where the file does not say what it must."""
    name = f"{file.parent.name}/{file.name}"
    try:
        promise = Promise.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise MonitoringError(f"{name} cannot be read: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its top"
        reason = first["msg"].removeprefix("Value error, ")
        raise MonitoringError(f"{name}: {place}: {reason}") from None
    names = [each.name for each in promise.objectives]
    if len({*names}) < len(names):
        raise MonitoringError(f"{name}: each objective needs a name of its own: {names}")
    return promise
