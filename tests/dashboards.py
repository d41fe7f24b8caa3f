"""What dashboards consist of, as their JSON has it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Panel = dict[str, Any]

SELECTOR = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\{([^{}]*)\}")
"""The name of a metric, and what its series must have."""


def read(service: Path) -> dict[str, Any]:
    """The dashboard of a service."""
    file = service / "monitoring" / "grafana" / "dashboards" / "service.json"
    dashboard: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return dashboard


def queries(dashboard: dict[str, Any]) -> dict[str, str]:
    """The expressions of panels and annotations, by where they stand."""
    targets = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in graphs(dashboard)
        for target in panel["targets"]
    }
    return targets | {it["name"]: it["expr"] for it in dashboard["annotations"]["list"]}


def label_queries(dashboard: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The series and the label that variables take their values from."""
    found = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            matched = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert matched, variable["query"]
            found[variable["name"]] = (matched[1], matched[2])
    return found


def selectors(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each metric that is asked for, with its matchers."""
    series = [series for series, _ in label_queries(dashboard).values()]
    for expression in [*queries(dashboard).values(), *series]:
        found = SELECTOR.findall(expression)
        assert len(found) == expression.count("{") > 0, expression
        yield from found


def graphs(dashboard: dict[str, Any]) -> Iterator[Panel]:
    """All panels but the rows."""
    return (panel for panel in dashboard["panels"] if panel["type"] != "row")
