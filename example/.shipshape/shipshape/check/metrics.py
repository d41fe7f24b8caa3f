"""The metrics in rules, dashboards and pages are ones that the service exports."""

import json
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import yaml_files
from ..description import Description
from ..errors import ShipshapeError
from ..monitoring import products, rules
from .markdown import pages
from .promql import selectors
from .subject import Subject

DASHBOARDS = Path("monitoring/grafana/dashboards")

_OF_OTHERS = re.compile(r"up|ALERTS|ALERTS_FOR_STATE|scrape_.*|kube_.*|container_.*|nomad_.*")
"""Metrics of Prometheus and of the platform."""

Expression = tuple[str, str]
"""Where it is, and its text."""


def exported_metrics(subject: Subject) -> Iterator[str]:
    """A metric is exported, recorded by a rule, or of another job."""
    known = exported(subject.described) | {
        rule["record"] for group in subject.groups for rule in group["rules"] if "record" in rule
    }
    expressions = (*_of_rules(), *of_dashboards(), *_of_pages())
    yield from unknown_metrics(expressions, known, subject.promise.service)


def exported(described: Description) -> set[str]:
    """The names that queries have for the metrics of the service."""
    known = set()
    for metric in described.metrics:
        suffixes = ("", "_bucket", "_sum", "_count") if metric.type == "histogram" else ("",)
        known |= {f"{metric.name}{suffix}" for suffix in suffixes}
    return known


def unknown_metrics(
    expressions: Iterable[Expression], known: Container[str], service: str
) -> Iterator[str]:
    """The metrics of the service in expressions that are not known."""
    for place, expression in expressions:
        for name, job in dict.fromkeys(selectors(expression)):
            ours = job in (None, service)
            if ours and name not in known and not _OF_OTHERS.fullmatch(name):
                yield (
                    f"{place}: the service exports no metric {name}: correct the name, or select "
                    'the job that exports it, as in {job="…"}'
                )


def _of_rules() -> Iterator[Expression]:
    for path in rules.sources():
        for rule in (rule for group in rules.source(path) for rule in group["rules"]):
            yield f"{path}: {rule.get('alert', rule.get('record'))}", rule["expr"]
    for alert in products.platform_alerts():
        yield f"{products.PRODUCTION_ALERTS}: {alert['alert']}", alert["expr"]


def of_dashboards() -> Iterator[Expression]:
    """The queries of all dashboards; ShipshapeError if one cannot be read."""
    for path in sorted(DASHBOARDS.glob("**/*.json")):
        try:
            dashboard = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise ShipshapeError(f"{path} cannot be read: {error}") from None
        for title, expression in _queries(dashboard, "", "prometheus"):
            yield f"{path}{f': {title}' if title else ''}", expression


def _queries(node: Any, title: str, source: str) -> Iterator[tuple[str, str]]:
    """The queries of Prometheus, with the titles of their panels."""
    if isinstance(node, list):
        for each in node:
            yield from _queries(each, title, source)
    if not isinstance(node, dict):
        return
    title = str(node.get("title") or title)
    if isinstance(node.get("datasource"), dict):
        source = str(node["datasource"].get("type"))
    if source == "prometheus" and isinstance(expression := node.get("expr"), str):
        yield title, expression
    if node.get("type") == "query" and isinstance(query := node.get("query"), str):
        if series := re.fullmatch(r"label_values\((.+), *\w+\)", query):
            yield str(node.get("name")), series[1]
    for each in node.values():
        yield from _queries(each, title, source)


def _of_pages() -> Iterator[Expression]:
    for page in pages():
        for line, block in page.blocks("promql"):
            yield f"{page.path}:{line}", block


def of_rules_and_dashboards() -> list[Expression]:
    """All queries that Prometheus gets without being asked by a person."""
    return [*_of_rules(), *of_dashboards()]


def recorded() -> set[str]:
    """The names that the generated rules record."""
    if not products.RULES.exists():
        return set()
    groups = yaml_files.read(products.RULES)["groups"]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
