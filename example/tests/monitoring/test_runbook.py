"""The runbook and the playbook are true: of each alert, each metric, each command, each link."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ..service import PATIENCE_SECONDS, Service
from .pages import (
    PAGES,
    PLAYBOOK,
    RUNBOOK,
    Runnable,
    anchors,
    blocks,
    links,
    name,
    prose,
    runnable,
    sections,
    table,
)
from scripts.monitoring import rules, tables
from scripts.monitoring.objectives import ROOT

PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Verify", "Escalate"]
SYMPTOMS = {f"playbook.md#{anchor}" for anchor in anchors(PLAYBOOK.read_text("utf-8"))}

OF_OTHERS = re.compile(r"up|ALERTS|slo:.*|kube_.*|nomad_.*")
"""Metrics of Prometheus, of the rules and of the platform."""

PROOF = re.compile(r"\| (`tests/[\w/]+\.py::\w+`|the template's tests) \|$")

ALERTS = sections(RUNBOOK.read_text("utf-8"), 3, within="## Alerts")
RUNNABLE = [block for page in PAGES for block in runnable(page)]


@pytest.fixture(scope="module")
def exposition(service: Service) -> str:
    """What Prometheus gets of the running service."""
    httpx2.get(f"{service.api}/openapi.json")
    return httpx2.get(f"{service.management}/metrics").text


@pytest.fixture(scope="module")
def exported(exposition: str) -> dict[str, str]:
    """The type of each metric by its name."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE))


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    assert sorted(ALERTS) == sorted({alert["alert"] for alert in tables.all_alerts()})


def test_links_of_the_alerts_lead_to_their_sections() -> None:
    found = anchors(RUNBOOK.read_text("utf-8"))
    urls = {it["alert"]: it["annotations"].get("runbook_url", "") for it in tables.all_alerts()}
    lost = [name for name, url in urls.items() if url.split("/docs/runbook.md#")[-1] not in found]
    assert lost == [], "each needs a runbook_url that leads to its section"


@pytest.mark.parametrize("alert", ALERTS)
def test_section_of_an_alert_has_all_its_parts(alert: str) -> None:
    parts = re.split(r"^\*\*(\w+)\.\*\*", ALERTS[alert], flags=re.MULTILINE)
    assert parts[1::2] == PARTS
    assert [part for part, text in zip(PARTS, parts[2::2], strict=True) if not text.strip()] == []


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_leads_to_a_symptom_and_back(alert: str) -> None:
    said = [link for link in links(ALERTS[alert]) if link in SYMPTOMS]
    assert said, f"{alert} names no section of docs/playbook.md"
    assert f"(runbook.md#{alert.lower()})" in PLAYBOOK.read_text("utf-8")


def test_each_metric_is_in_the_table_and_each_of_the_table_is_exported(
    exported: dict[str, str],
) -> None:
    listed = {row[0].strip("`"): row[1] for row in table(RUNBOOK.read_text("utf-8"), "metrics")}
    assert listed == exported, "run `make docs`; a metric is made where its module is imported"


def names(expression: str) -> set[str]:
    """The metrics of an expression of PromQL."""
    for left_out in (
        r'"(?:\\.|[^"\\])*"',
        r"#.*",
        r"\{[^}]*\}",
        r"\[[^\]]*\]",
        r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
    ):
        expression = re.sub(left_out, " ", expression)
    found = re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()", expression)
    return {*found} - {"and", "or", "unless", "bool", "offset"}


def asked_for() -> Iterator[tuple[str, str]]:
    """Each place that asks for metrics, and its expression."""
    for alert in tables.all_alerts():
        yield alert["alert"], alert["expr"]
    for group in rules.groups():
        for rule in group["rules"]:
            yield rule.get("record", rule.get("alert")), rule["expr"]
    for page in PAGES:
        for block in blocks(page.read_text("utf-8"), "promql"):
            yield name(page), block


def test_metrics_that_are_asked_for_are_exported(exported: dict[str, str]) -> None:
    known = {*exported}
    for metric, kind in exported.items():
        if kind == "histogram":
            known |= {f"{metric}{suffix}" for suffix in ("_bucket", "_sum", "_count")}
    unknown = {
        (where, metric)
        for where, expression in asked_for()
        for metric in names(expression)
        if metric not in known and not OF_OTHERS.fullmatch(metric)
    }
    assert unknown == set()


def test_names_are_found_in_an_expression() -> None:
    asked = 'sum by (le) (rate(a_bucket{b="c{d}", e=~"f"}[5m])) / on (g) h:i > 2 and up unless j_k'
    assert names(asked) == {"a_bucket", "h:i", "up", "j_k"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8"))
        ):
            broken.append(link)
    assert broken == []


def test_anchors_are_those_of_github() -> None:
    text = "# A `b` c: d/e\n## A_b (c)\n```sh\n# no heading\n```\n## A_b (c)\n## [f](g.md) — h\n"
    assert anchors(text) == {"a-b-c-de", "a_b-c", "a_b-c-1", "f--h"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    makefiles = [path for it in ("Makefile", "local.mk") if (path := ROOT / it).exists()]
    targets = {
        target
        for file in makefiles
        for target in re.findall(r"^([a-z][a-z-]*):", file.read_text("utf-8"), re.MULTILINE)
    }
    code = "\n".join([*re.findall(r"`([^`\n]+)`", prose(text)), *blocks(text, "console", "sh")])
    assert {*re.findall(r"^make ((?!=)[a-z][a-z-]*)(?![\w=])", code, re.MULTILINE)} <= targets
    named = [it.split("::") for it in re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", text)]
    named += [[it] for it in re.findall(r"\b((?:scripts|delivery)/[\w/]+\.py)\b", code)]
    named += [
        [f"{module.replace('.', '/')}{end}"]
        for module in re.findall(r"-m ((?:scripts|delivery)[\w.]*)", code)
        for end in ("/__main__.py", ".py")
        if end == ".py" or (ROOT / module.replace(".", "/")).is_dir()
        if end != ".py" or not (ROOT / module.replace(".", "/")).is_dir()
    ]
    assert [it for it in named if not exists(*it)] == []


def exists(path: str, test: str = "") -> bool:
    """Whether there is such a file, and such a test in it."""
    file = ROOT / path
    return file.exists() and (not test or f"def {test}(" in file.read_text("utf-8"))


def test_each_dependency_names_what_proves_it() -> None:
    rows = re.findall(r"^\|.*\|$", sections(RUNBOOK.read_text("utf-8"), 2)["Dependencies"], re.M)
    assert len(rows) > 2
    assert [row for row in rows[2:] if not PROOF.search(row)] == []


# Not everyone has curl, and the other tests need none.
@pytest.mark.skipif(shutil.which("curl") is None, reason="the pages' commands need curl")
@pytest.mark.parametrize("block", RUNNABLE, ids=lambda it: it.name)
def test_commands_run(block: Runnable, service: Service) -> None:
    commands = block.commands
    for address, here in (("127.0.0.1:8000", service.api), ("127.0.0.1:9000", service.management)):
        commands = commands.replace(f"http://{address}", here)
    # What listens there may be another one, and not everyone has lsof.
    commands = commands.replace("$(lsof -ti tcp:9000 -sTCP:LISTEN)", str(service.process.pid))
    assert "lsof" not in commands
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace("curl ", "curl --fail-with-body ")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == block.code, f"{commands}{done.stdout}{done.stderr}"
    assert done.stdout + done.stderr or "kill " in commands
    assert service.process.poll() is None
