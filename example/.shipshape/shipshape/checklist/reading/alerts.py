"""The alerts that Prometheus evaluates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...monitoring.products import RULES
from ...monitoring.rules import SOURCES
from . import marked_yaml, repository
from .marked_yaml import within


@dataclass(frozen=True)
class Alert:
    """An alert of a file of rules, or of a PrometheusRule."""

    name: str
    place: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def alerts() -> list[Alert]:
    """Those of all files but the sources of generated rules, which lack labels and links."""
    found = []
    sources = f":!{SOURCES}" if RULES.exists() else ":!.shipshape"
    for path in repository.files_with("^ *-? *alert: ", "*.yml", "*.yaml", sources):
        for document in marked_yaml.documents(path):
            groups = document.get("groups") or within(document, "spec", "groups") or []
            for rule in (rule for group in groups for rule in group.get("rules") or ()):
                if "alert" in rule:
                    place = marked_yaml.place(path, rule)
                    labels, annotations = _texts(rule, "labels"), _texts(rule, "annotations")
                    found.append(Alert(str(rule["alert"]), place, labels, annotations))
    return found


def _texts(rule: Mapping[str, Any], name: str) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in (rule.get(name) or {}).items()}
