"""All rules of the service: made from its objectives, and those of monitoring/prometheus/rules/.

What stands there is what Prometheus reads, but for what all alerts have: whose they are, and where
to read on.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import yaml_files
from ..errors import ShipshapeError
from ..yaml_files import Quoted
from . import burn_rates
from .objectives import Promise

SOURCES = Path("monitoring/prometheus/rules")
SEVERITIES = ("page", "ticket")
"""Somebody is woken, or finds it on the next working day."""

Group = dict[str, Any]

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def groups(promise: Promise) -> list[Group]:
    """ShipshapeError if a source of rules is invalid."""
    rules = [*burn_rates.recordings(promise), *burn_rates.alerts(promise)]
    budgets = [*burn_rates.budgets(promise)]
    return [
        _completed({"name": f"{promise.service}-objectives", "rules": rules}, promise),
        _completed(
            {"name": f"{promise.service}-budgets", "interval": "5m", "rules": budgets}, promise
        ),
        *(_completed(group, promise) for file in sources() for group in source(file)),
    ]


def alerts(of: Iterable[Group]) -> Iterator[dict[str, Any]]:
    """The alerts among the rules of groups."""
    return (rule for group in of for rule in group["rules"] if "alert" in rule)


def sources() -> Iterator[Path]:
    """The files with rules that are written by hand."""
    return iter(sorted(SOURCES.glob("*.yml")))


def source(file: Path) -> list[Group]:
    """The groups in a file; ShipshapeError if they are invalid."""
    document = yaml_files.read(file)
    try:
        found: list[Group] = list(document["groups"])
        for rule in (rule for group in found for rule in group["rules"]):
            if not isinstance(rule["expr"], str) or not {"alert", "record"} & rule.keys():
                raise KeyError
    except (AttributeError, KeyError, TypeError):
        raise ShipshapeError(f"{file} must have `groups` with `rules`, as Prometheus") from None
    for alert in alerts(found):
        name = alert["alert"]
        if (alert.get("labels") or {}).get("severity") not in SEVERITIES:
            raise ShipshapeError(f"{file}: {name} needs the label severity: page or ticket")
        if not (alert.get("annotations") or {}).get("summary"):
            raise ShipshapeError(f"{file}: {name} needs a summary: what callers notice of it")
    return found


def _completed(group: Group, promise: Promise) -> Group:
    """The same, its alerts with whose they are and where to read on."""
    return {
        **group,
        "rules": [_with_links(it, promise) if "alert" in it else it for it in group["rules"]],
    }


def _with_links(alert: dict[str, Any], promise: Promise) -> dict[str, Any]:
    return {
        **alert,
        "labels": {
            **alert["labels"],
            "service": Quoted(promise.service),
            "owner": Quoted(promise.owner),
        },
        "annotations": {
            **alert["annotations"],
            "runbook_url": f"{promise.runbook}#{alert['alert'].lower()}",
            "dashboard_url": promise.dashboard,
        },
    }


def faster(found: Iterable[Group], factor: float) -> list[Group]:
    """The same rules with all times so many times shorter, for drills; nothing else changes."""
    return [
        {
            **group,
            **_shortened(group, "interval", factor),
            "rules": [
                {
                    **rule,
                    **_shortened(rule, "for", factor),
                    "expr": re.sub(
                        r"\[(\w+)\]", lambda it: f"[{_shorter(it[1], factor)}]", rule["expr"]
                    ),
                }
                for rule in group["rules"]
            ],
        }
        for group in found
    ]


def _shortened(rule: dict[str, Any], name: str, factor: float) -> dict[str, str]:
    return {name: _shorter(rule[name], factor)} if name in rule else {}


def _shorter(duration: str, factor: float) -> str:
    seconds = sum(
        int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhd])", duration)
    )
    return f"{max(1, round(seconds * 1000 / factor))}ms"
