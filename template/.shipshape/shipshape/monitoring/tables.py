"""The tables of docs/runbook.md: a head and rows each."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..description import Metric
from . import products, rules
from .objectives import Promise
from .rules import Group

Table = tuple[Sequence[str], list[Sequence[str]]]


def objectives(promise: Promise) -> Table:
    """What is promised, and what may fail."""
    return ("Objective", "Requests", "Good is", "Promised", "Budget", "Why"), [
        (
            f"`{each.name}`",
            ", ".join(f"`{route}`" for route in each.routes) or "all",
            (
                "answered without 5xx"
                if each.within_seconds is None
                else f"answered within {each.within_seconds} s, of those without 5xx"
            ),
            f"{each.percent} %",
            f"{100 - each.percent} %",
            each.reason,
        )
        for each in promise.objectives
    ]


def alerts(groups: Sequence[Group]) -> Table:
    """The alerts, with their severity and how soon they fire."""
    return ("Alert", "Severity", "Fires", "Summary"), [
        (
            f"[{alert['alert']}](#{alert['alert'].lower()})",
            alert["labels"]["severity"],
            _fires(alert),
            alert["annotations"]["summary"].rstrip("."),
        )
        for alert in all_alerts(groups)
    ]


def all_alerts(groups: Sequence[Group]) -> Iterator[dict[str, Any]]:
    """Those of the rules, and those of the platform."""
    yield from rules.alerts(groups)
    yield from products.platform_alerts()


def _fires(alert: dict[str, Any]) -> str:
    if objective := re.search(r'slo="([^"]+)"', alert["expr"]):
        return f"budget of `{objective[1]}` used up too fast"
    return f"after {alert['for']}" if "for" in alert else "at once"


def metrics(exported: Sequence[Metric]) -> Table:
    """The metrics of a running service."""
    return ("Metric", "Type", "Labels", "What it is"), [
        (f"`{it.name}`", it.type, ", ".join(f"`{label}`" for label in it.labels), it.help)
        for it in sorted(exported, key=lambda it: it.name)
    ]
