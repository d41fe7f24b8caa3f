"""All rules of the service: made from its objectives, and those of monitoring/prometheus/rules/.

What stands there is what Prometheus reads, but for what all alerts have: whose they are, and where
to read on.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from . import burn_rates, objectives
from .errors import MonitoringError
from .objectives import ROOT, Promise
from .yaml_text import Quoted

SOURCES = ROOT / "monitoring" / "prometheus" / "rules"
SEVERITIES = ("page", "ticket")
"""Somebody is woken, or finds it on the next working day."""

Group = dict[str, Any]

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def groups(promise: Promise | None = None) -> list[Group]:
    """MonitoringError where a source is not as it must be."""
    promise = promise or objectives.read()
    rules = [*burn_rates.recordings(promise), *burn_rates.alerts(promise)]
    budgets = [*burn_rates.budgets(promise)]
    return [
        _completed({"name": f"{promise.service}-objectives", "rules": rules}, promise),
        _completed(
            {"name": f"{promise.service}-budgets", "interval": "5m", "rules": budgets}, promise
        ),
        *(_completed(group, promise) for group in sources()),
    ]


def alerts(of: Iterable[Group]) -> Iterator[dict[str, Any]]:
    """The alerts among the rules of groups."""
    return (rule for group in of for rule in group["rules"] if "alert" in rule)


def sources(folder: Path = SOURCES) -> Iterator[Group]:
    """The groups in the files of a folder."""
    for file in sorted(folder.glob("*.yml")):
        name = file.relative_to(folder.parents[2])
        try:
            found = yaml.safe_load(file.read_text("utf-8"))["groups"]
            for group in found:
                for alert in alerts([group]):
                    _check(alert)
        except (OSError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            raise MonitoringError(f"{name} cannot be read: {reason}") from None
        except (AttributeError, KeyError, TypeError):
            raise MonitoringError(
                f"{name} must have `groups` with `rules`, as Prometheus"
            ) from None
        except MonitoringError as error:
            raise MonitoringError(f"{name}: {error}") from None
        yield from found


def _check(alert: dict[str, Any]) -> None:
    if (alert.get("labels") or {}).get("severity") not in SEVERITIES:
        raise MonitoringError(f"{alert['alert']} needs the label severity: page or ticket")
    if not (alert.get("annotations") or {}).get("summary"):
        raise MonitoringError(f"{alert['alert']} needs a summary: what callers notice of it")


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
