"""All that the dashboard asks for is there: a real Prometheus answers, from a service that runs."""

import json
import math
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards import label_queries, queries, read, selectors

from .conftest import kinds
from .prometheus import watching
from .test_running import get, running

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60.0
FASTER = 60  # times: what is recorded within five minutes, is so within five seconds
AS_GRAFANA_DOES = {
    "$__rate_interval": "5s",
    "$__range": "60s",
    "$namespace": ".*",
    "$instance": ".*",
}
EMPTY = {
    "Alerts that fire A": "nothing is wrong",
    "Memory B": "nothing may limit it here",
    "namespace": "it runs outside of a cluster, as in compose",
}
"""What nothing has to be found for, and why."""


def send(api: str) -> None:
    """What callers do: right, wrong, and what nothing answers."""
    body = json.dumps({"name": "Teapot", "quantity": 3}).encode()
    request = urllib.request.Request(f"{api}/items", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.status == 201
    assert get(f"{api}/items")[0] == 200
    assert get(f"{api}/nothing")[0] == 404


def ask(address: str, path: str, **parameters: str) -> Any:
    """What Prometheus answers."""
    status, body = get(f"{address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
    assert status == 200, f"{parameters}: {body.decode()}"
    return json.loads(body)["data"]


def values(address: str, series: str, label: str) -> list[str]:
    """What Grafana offers for a variable."""
    found: list[str] = ask(address, f"label/{label}/values", **{"match[]": as_grafana(series)})
    return found


def as_grafana(expression: str, slo: str = "") -> str:
    for name, value in {**AS_GRAFANA_DOES, "$slo": slo}.items():
        expression = expression.replace(name, value)
    return expression


def shows(address: str, expression: str, slos: list[str]) -> bool:
    """Whether there is a number to show, for each objective where it is repeated."""
    repeated = slos if "$slo" in expression else [""]
    return bool(repeated) and all(
        any(
            math.isfinite(float(sample["value"][1]))
            for sample in ask(address, "query", query=as_grafana(expression, slo))["result"]
        )
        for slo in repeated
    )


def missing(address: str, dashboard: dict[str, Any]) -> set[str]:
    """The queries that find nothing, by where they stand."""
    offered = {name: values(address, *it) for name, it in label_queries(dashboard).items()}
    without = {name for name, found in offered.items() if not found}
    if "slo" in without:
        return without
    asked = queries(dashboard).items()
    return without | {name for name, it in asked if not shows(address, it, offered["slo"])}


@kinds("postgresql", "none", long=["none"])
def test_each_query_finds_something(service: Path, tmp_path: Path) -> None:
    dashboard = read(service)
    assert queries(dashboard).keys() | label_queries(dashboard).keys() >= EMPTY.keys()
    with (
        running(service) as (api, management, _),
        watching(service, management, tmp_path / "prometheus", FASTER) as prometheus,
    ):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            send(api)
            without = missing(prometheus.url, dashboard) - EMPTY.keys()
            if not without or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        metrics = get(f"{management}/metrics")[1].decode()
    assert without == set()

    rules = yaml.safe_load((tmp_path / "prometheus" / "rules.yml").read_text())["groups"]
    recorded = {rule.get("record") for group in rules for rule in group["rules"]}
    exported = {*re.findall(r"^([a-z0-9_]+)[{ ]", metrics, re.MULTILINE)}
    asked = {metric for metric, _ in selectors(dashboard)}
    assert asked - recorded - exported == {"up", "ALERTS"}, "these are Prometheus' own"
