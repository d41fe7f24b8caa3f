"""Each alert of a service is tried by tests, and says what all alerts say."""

import re
from pathlib import Path
from typing import Any

import yaml

from scripts.render import ROOT


def alerts(service: Path) -> list[dict[str, Any]]:
    """Those that Prometheus reads, and those on the pods."""
    rules = yaml.safe_load((service / "monitoring/prometheus/rules.yml").read_text("utf-8"))
    groups = list(rules["groups"])
    on_pods = service / "deploy/production/alerts.yaml"
    if on_pods.exists():
        groups += yaml.safe_load(on_pods.read_text("utf-8"))["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_each_alert_is_tried(service: Path) -> None:
    tests = (ROOT / "tests/tool/monitoring").glob("test_*rules.py")
    tried = {name for path in tests for name in re.findall(r'"(\w+)"', path.read_text("utf-8"))}
    assert {alert["alert"] for alert in alerts(service)} - tried == set()


def test_each_alert_says_whose_it_is_and_where_to_read_on(service: Path) -> None:
    objectives = yaml.safe_load((service / "monitoring/slo.yaml").read_text("utf-8"))
    for alert in alerts(service):
        labels, annotations = alert["labels"], alert["annotations"]
        assert labels["severity"] in {"page", "ticket"}
        assert (labels["service"], labels["owner"]) == (objectives["service"], objectives["owner"])
        assert annotations["summary"]
        assert annotations["dashboard_url"] == objectives["dashboard"]
        assert annotations["runbook_url"] == f"{objectives['runbook']}#{alert['alert'].lower()}"
