"""What is made from the rules, by its file."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from . import objectives, rules
from .errors import MonitoringError
from .objectives import ROOT
from .prometheus import RULES, for_prometheus
from .rules import Group
from .yaml_text import dump

PRODUCTION = ROOT / "deploy" / "production"

_HEAD = (
    "# Made by `make monitoring` from monitoring/slo.yaml and monitoring/prometheus/rules/*.yml. "
    "Do not edit.\n"
)


def for_production(groups: Sequence[Group]) -> str:
    """The same as a resource of the Prometheus operator, about the pods of production alone."""
    service, namespace = objectives.read().service, _namespace()
    here, there = f'job="{service}"', f'job="{service}", namespace="{namespace}"'
    return _HEAD + dump(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": f"{service}-rules"},
            "spec": {
                "groups": [
                    {
                        **group,
                        "rules": [
                            {**rule, "expr": rule["expr"].replace(here, there)}
                            for rule in group["rules"]
                        ],
                    }
                    for group in groups
                ]
            },
        }
    )


def alerts_beside() -> Iterator[dict[str, Any]]:
    """The alerts that only the cluster has."""
    file = PRODUCTION / "alerts.yaml"
    try:
        yield from rules.alerts(yaml.safe_load(file.read_text("utf-8"))["spec"]["groups"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise MonitoringError(
            "deploy/production/alerts.yaml must be there and be a PrometheusRule"
        ) from None


def _namespace() -> str:
    file = PRODUCTION / "kustomization.yaml"
    try:
        return str(yaml.safe_load(file.read_text("utf-8"))["namespace"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise MonitoringError(
            "deploy/production/kustomization.yaml must be there and name a namespace"
        ) from None


PRODUCTS: dict[Path, Callable[[Sequence[Group]], str]] = {
    RULES: for_prometheus,
    PRODUCTION / "rules.yaml": for_production,
}
