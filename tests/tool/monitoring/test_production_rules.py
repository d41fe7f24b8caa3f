"""What watches the pods of production: the alerts on them, and the same rules as elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from shipshape import yaml_files
from shipshape.monitoring import products

from .promtool import check, firing, series
from .series import SERVICE

pytestmark = pytest.mark.usefixtures("service")

NAMESPACE = f"{SERVICE}-production"


def metric(name: str, **labels: str) -> str:
    """A series of kube-state-metrics."""
    return series(f"kube_{name}", namespace=NAMESPACE, **labels)


def container(name: str, **labels: str) -> str:
    return metric(f"pod_container_status_{name}", pod="a", container="service", **labels)


def deployment(name: str, **labels: str) -> str:
    return metric(f"deployment_{name}", deployment=SERVICE, **labels)


def autoscaler(name: str) -> str:
    return metric(f"horizontalpodautoscaler_{name}", horizontalpodautoscaler=SERVICE)


def spec(name: str) -> dict[str, Any]:
    """The groups of a PrometheusRule, as promtool takes them."""
    found: dict[str, Any] = yaml_files.read(products.PRODUCTION / name)["spec"]
    return found


def test_they_are_those_that_compose_has(service: Path) -> None:
    made = yaml_files.read(products.RULES)["groups"]
    narrowed = spec("rules.yaml")["groups"]
    for group in narrowed:
        for rule in group["rules"]:
            rule["expr"] = rule["expr"].replace(f', namespace="{NAMESPACE}"', "")
    assert narrowed == made


@pytest.mark.parametrize("name", ["alerts.yaml", "rules.yaml"])
def test_prometheus_takes_them(tmp_path: Path, name: str) -> None:
    assert check(tmp_path, spec(name)) == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({container("restarts_total"): "0+1x30"}, {"PodCrashLooping"}),
        ({container("restarts_total"): "2x30"}, set()),
        (
            {
                container("restarts_total"): "0x10 1x20",
                container("last_terminated_reason", reason="OOMKilled"): "1x30",
            },
            {"ContainerOomKilled"},
        ),
        (
            {
                deployment("spec_replicas"): "3x30",
                deployment("status_replicas_available"): "2x30",
            },
            {"ReplicasUnavailable"},
        ),
        (
            {
                deployment("spec_replicas"): "3x30",
                deployment("status_replicas_available"): "3x10 2x20",
            },
            set(),
        ),
        (
            {deployment("status_condition", condition="Progressing", status="false"): "1x30"},
            {"RolloutStuck"},
        ),
        (
            {deployment("status_condition", condition="Progressing", status="false"): "0x19 1x10"},
            set(),
        ),
        (
            {
                autoscaler("status_current_replicas"): "9x30",
                autoscaler("spec_max_replicas"): "9x30",
            },
            {"AutoscalerMaxedOut"},
        ),
        (
            {
                autoscaler("status_current_replicas"): "8x10 9x20",
                autoscaler("spec_max_replicas"): "9x30",
            },
            set(),
        ),
    ],
)
def test_just_these_fire(tmp_path: Path, given: dict[str, str], expected: set[str]) -> None:
    assert firing(tmp_path, spec("alerts.yaml"), given, "20m", expected) == ""
