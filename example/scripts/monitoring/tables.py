"""What the tables of docs/runbook.md say: a head and rows each."""

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from prometheus_client import PROCESS_COLLECTOR, REGISTRY, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from orders.chassis import ChassisSettings
from orders.chassis.metrics import describe_process

from . import objectives as slo
from . import products, rules

Table = tuple[Sequence[str], list[Sequence[str]]]

COMPOSITION_ROOT = "orders.app"


def objectives() -> Table:
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
        for each in slo.read().objectives
    ]


def alerts() -> Table:
    """Who is told of what, and how soon."""
    return ("Alert", "Severity", "Fires", "Summary"), [
        (
            f"[{alert['alert']}](#{alert['alert'].lower()})",
            alert["labels"]["severity"],
            _fires(alert),
            alert["annotations"]["summary"].rstrip("."),
        )
        for alert in all_alerts()
    ]


def all_alerts() -> Iterator[dict[str, Any]]:
    """Those that are made, those of monitoring/prometheus/rules, and those of the platform."""
    yield from rules.alerts(rules.groups())
    yield from products.alerts_beside()


def _fires(alert: dict[str, Any]) -> str:
    if objective := re.search(r'slo="([^"]+)"', alert["expr"]):
        return f"budget of `{objective[1]}` used up too fast"
    return f"after {alert['for']}" if "for" in alert else "at once"


def metrics() -> Table:
    """What a running service exports."""
    return ("Metric", "Type", "Labels", "What it is"), [
        (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels), text)
        for name, kind, labels, text in sorted(exported())
    ]


def exported() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, type, labels and help of each metric that the service registers when it starts."""
    import_module(COMPOSITION_ROOT)  # and with it all that has metrics
    describe_process(ChassisSettings.model_construct(otel_service_name="any"), int, int)
    for collector in REGISTRY._collector_to_names:
        for family in _families(collector):
            labels = getattr(family, "_labelnames", ()) or getattr(collector, "_labelnames", ())
            # A counter is asked for by this name, and so is what says only what runs.
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            kind = "gauge" if family.type == "info" else family.type
            yield f"{family.name}{suffix}", kind, tuple(labels), family.documentation


def _families(collector: Collector) -> Iterable[Metric]:
    if collector is not PROCESS_COLLECTOR:
        return collector.collect()
    # It reads Linux' /proc. The table is the same where it is made without.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "self" / "fd").mkdir(parents=True)
        (Path(folder) / "stat").write_text("btime 1\n", "ascii")
        (Path(folder) / "self" / "stat").write_text(") " + "1 " * 50, "ascii")
        (Path(folder) / "self" / "limits").write_text("Max open files 1 1 files\n", "ascii")
        return ProcessCollector(proc=folder, registry=None).collect()
