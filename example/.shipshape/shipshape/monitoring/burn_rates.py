"""Recording rules and alerts on how fast the budget of an objective is used up.

Multiple windows and burn rates, after https://sre.google/workbook/alerting-on-slos: the long window
says that it matters, the short one that it goes on. At 14.4 times the objective's pace, an hour
uses up 2 % of the budget of 30 days.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..yaml_files import Quoted
from .indicators import bad, total
from .objectives import Objective, Promise

Rule = dict[str, Any]

FEWEST_BAD = 5
"""With little traffic, a share says little: fewer bad requests in the long window alert nobody."""


class Pace(NamedTuple):
    """A multiple of the pace at which the budget would last for its 30 days."""

    factor: str
    long: str
    short: str


class Speed(NamedTuple):
    """How soon somebody must act, and at which paces that is so."""

    name: str
    severity: str
    paces: tuple[Pace, ...]
    consequence: str


SPEEDS = (
    Speed(
        "Fast",
        "page",
        (Pace("14.4", "1h", "5m"), Pace("6", "6h", "30m")),
        "Going on like this, the budget of 30 days is gone in five days at the latest.",
    ),
    Speed(
        "Slow",
        "ticket",
        (Pace("3", "1d", "2h"), Pace("1", "3d", "6h")),
        "Going on like this, the budget will not last for its 30 days.",
    ),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
LONG_WINDOWS = ("1h", "6h", "1d", "3d")
BUDGET_WINDOW = "30d"


def recordings(promise: Promise) -> Iterator[Rule]:
    """The share of bad requests within each window, and how many they are within the long ones."""
    for objective in promise.objectives:
        yield _record("objective:ratio", f"1 - {objective.budget}", promise, objective)
        for window in WINDOWS:
            yield _ratio(window, promise, objective)
        for window in LONG_WINDOWS:
            count = bad(objective, promise.service, "increase", window)
            yield _record(f"bad:increase{window}", count, promise, objective)


def budgets(promise: Promise) -> Iterator[Rule]:
    """The share of bad requests within the window of the budget."""
    for objective in promise.objectives:
        yield _ratio(BUDGET_WINDOW, promise, objective)


def alerts(promise: Promise) -> Iterator[Rule]:
    """For each objective, one to act on at once and one for the next working day."""
    for objective in promise.objectives:
        for speed in SPEEDS:
            yield {
                "alert": f"{objective.kind}BudgetBurn{speed.name}",
                "expr": "\nor\n".join(_too_fast(it, promise, objective) for it in speed.paces),
                "labels": {"severity": speed.severity, "slo": objective.name},
                "annotations": {
                    "summary": _summary(promise, objective),
                    "description": (
                        f"{{{{ $value | humanizePercentage }}}} of the requests are bad, and the "
                        f"objective {objective.name} allows {100 - objective.percent} %. "
                        f"{speed.consequence}"
                    ),
                },
            }


def _summary(promise: Promise, objective: Objective) -> str:
    where = f" of {', '.join(objective.routes)}" if objective.routes else ""
    if objective.within_seconds is None:
        return f"Callers of {promise.service} get errors{where}"
    return f"Callers of {promise.service} wait for more than {objective.within_seconds} s{where}"


def _too_fast(pace: Pace, promise: Promise, objective: Objective) -> str:
    labels = f'{{service="{promise.service}", slo="{objective.name}"}}'
    limit = f"{pace.factor} * {objective.budget}"
    return (
        f"(\n"
        f"  slo:bad:ratio_rate{pace.long}{labels} > {limit}\n"
        f"  and slo:bad:ratio_rate{pace.short}{labels} > {limit}\n"
        f"  and slo:bad:increase{pace.long}{labels} >= {FEWEST_BAD}\n"
        f")"
    )


def _ratio(window: str, promise: Promise, objective: Objective) -> Rule:
    share = (
        f"{bad(objective, promise.service, 'rate', window)}\n"
        f"/ {total(objective, promise.service, 'rate', window)}"
    )
    return _record(f"bad:ratio_rate{window}", share, promise, objective)


def _record(name: str, expression: str, promise: Promise, objective: Objective) -> Rule:
    return {
        "record": f"slo:{name}",
        "expr": expression if "\n" in expression or "(" in expression else f"vector({expression})",
        "labels": {"service": Quoted(promise.service), "slo": objective.name},
    }
