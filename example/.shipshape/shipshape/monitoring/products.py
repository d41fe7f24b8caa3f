"""The files that are generated from the rules."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import service, yaml_files
from ..errors import ShipshapeError
from . import rules
from .objectives import Promise
from .rules import Group

RULES = Path("monitoring/prometheus/rules.yml")
PRODUCTION = Path("deploy/production")
PRODUCTION_RULES = PRODUCTION / "rules.yaml"
PRODUCTION_ALERTS = PRODUCTION / "alerts.yaml"
KUSTOMIZATION = PRODUCTION / "kustomization.yaml"

_HEAD = "# Made by `make monitoring` from ../slo.yaml and rules/*.yml. Do not edit.\n"
_PRODUCTION_HEAD = (
    "# Made by `make monitoring` from monitoring/slo.yaml and monitoring/prometheus/rules/*.yml. "
    "Do not edit.\n"
)


def products(promise: Promise, groups: Sequence[Group]) -> Mapping[Path, str]:
    """The text of each file."""
    made = {RULES: for_prometheus(groups)}
    if _on_kubernetes():
        made[PRODUCTION_RULES] = _for_the_operator(promise.service, groups)
    return made


def for_prometheus(groups: Sequence[Group]) -> str:
    """The rules as Prometheus reads them."""
    return _HEAD + yaml_files.text({"groups": groups})


def platform_alerts() -> Iterator[dict[str, Any]]:
    """The alerts on pods, which only a cluster of Kubernetes can evaluate."""
    if not _on_kubernetes():
        return
    try:
        yield from rules.alerts(yaml_files.read(PRODUCTION_ALERTS)["spec"]["groups"])
    except (KeyError, TypeError):
        raise ShipshapeError(f"{PRODUCTION_ALERTS} must be a PrometheusRule") from None


def _on_kubernetes() -> bool:
    return service.answers().deploy == "kubernetes"


def _for_the_operator(name: str, groups: Sequence[Group]) -> str:
    """The rules as a resource of the Prometheus operator, limited to the pods of production."""
    here, there = f'job="{name}"', f'job="{name}", namespace="{_namespace()}"'
    return _PRODUCTION_HEAD + yaml_files.text(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": f"{name}-rules"},
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


def _namespace() -> str:
    try:
        return str(yaml_files.read(KUSTOMIZATION)["namespace"])
    except (KeyError, TypeError):
        raise ShipshapeError(f"{KUSTOMIZATION} must name a namespace") from None
