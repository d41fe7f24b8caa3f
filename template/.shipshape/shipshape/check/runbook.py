"""Each alert has its section in the runbook, and leads to the playbook."""

import re
from collections.abc import Iterator

from ..files import PLAYBOOK, RUNBOOK
from ..monitoring.products import PRODUCTION_ALERTS
from .markdown import Page, links_in
from .subject import Subject

PARTS = ("Meaning", "Impact", "Diagnosis", "Mitigation", "Verify", "Escalate")

_PROOF = re.compile(r"\| (`tests/[\w/]+\.py::\w+`|the template's tests) \|$")


def sections_of_alerts(subject: Subject) -> Iterator[str]:
    """Each alert has a section, each section an alert."""
    sections = {it.heading: it for it in Page.read(RUNBOOK).sections(3, within="Alerts")}
    alerts = {alert["alert"] for alert in subject.alerts}
    for name in sorted(alerts - sections.keys()):
        yield f"{RUNBOOK}: the alert {name} has no section: add `### {name}` below `## Alerts`"
    for name in sorted(sections.keys() - alerts):
        yield (
            f"{RUNBOOK}:{sections[name].line}: there is no alert {name}: correct the heading, or "
            "delete the section"
        )


def parts_of_sections(subject: Subject) -> Iterator[str]:
    """The section of an alert has all parts, in their order, and none is empty."""
    for section in Page.read(RUNBOOK).sections(3, within="Alerts"):
        place = f"{RUNBOOK}:{section.line}: {section.heading}"
        named, texts = _split(section.text)
        if named != PARTS:
            yield f"{place} must have the parts {', '.join(PARTS)}, in this order, in bold"
            continue
        for part, text in zip(PARTS, texts, strict=True):
            if not text.strip():
                yield f"{place}: the part {part} is empty"


def _split(text: str) -> tuple[tuple[str, ...], list[str]]:
    parts = re.split(r"^\*\*(\w+)\.\*\*", text, flags=re.MULTILINE)
    return tuple(parts[1::2]), parts[2::2]


def symptoms_of_alerts(subject: Subject) -> Iterator[str]:
    """The section of an alert links to a symptom of the playbook, which links back."""
    playbook = Page.read(PLAYBOOK)
    symptoms = {f"{PLAYBOOK.name}#{anchor}" for anchor in playbook.anchors}
    back = {target for _, target in playbook.links()}
    for section in Page.read(RUNBOOK).sections(3, within="Alerts"):
        if not symptoms.intersection(links_in(section.text)):
            yield (
                f"{RUNBOOK}:{section.line}: {section.heading} must link to a section of "
                f"{PLAYBOOK}, as in [its symptom]({PLAYBOOK.name}#requests-are-slow)"
            )
        link = f"{RUNBOOK.name}#{section.heading.lower()}"
        if link not in back:
            yield f"{PLAYBOOK}: the symptom of {section.heading} must link back to {link}"


def links_of_alerts(subject: Subject) -> Iterator[str]:
    """The links of the platform's alerts, which are written by hand, lead where all others do."""
    promise, anchors = subject.promise, Page.read(RUNBOOK).anchors
    for alert in subject.alerts:
        annotations = alert.get("annotations") or {}
        url = f"{promise.runbook}#{alert['alert'].lower()}"
        linked = annotations.get("runbook_url", url)
        if linked != url or "runbook_url" in annotations and alert["alert"].lower() not in anchors:
            yield f"{PRODUCTION_ALERTS}: runbook_url of {alert['alert']} must be {url}"
        if annotations.get("dashboard_url", promise.dashboard) != promise.dashboard:
            yield (
                f"{PRODUCTION_ALERTS}: dashboard_url of {alert['alert']} must be "
                f"{promise.dashboard}, as in monitoring/slo.yaml"
            )


def proofs_of_dependencies(subject: Subject) -> Iterator[str]:
    """Each dependency of the runbook names the test that proves what happens without it."""
    for section in Page.read(RUNBOOK).sections(2):
        if section.heading != "Dependencies":
            continue
        rows = [
            (line, text)
            for line, text in enumerate(section.text.splitlines(), section.line + 1)
            if text.startswith("|")
        ]
        for line, row in rows[2:]:
            if not _PROOF.search(row):
                yield (
                    f"{RUNBOOK}:{line}: the last column must name the test that proves it, as in "
                    "`tests/integration/test_service.py::test_without_it`, or the template's tests"
                )
