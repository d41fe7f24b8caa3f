"""The failing checks as SARIF 2.1.0, which code scanning shows beside the code."""

import json
from typing import Any

from ..check import Check, Evidence, Level, Status
from ..report import Result
from . import places, sources
from .places import Place
from .summary import Summary

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_WHOLE = Place("pyproject.toml", 1)
"""The place of a problem that has none: code scanning leaves out what has no file."""


def text(summary: Summary) -> str:
    """The log with one run, as JSON."""
    results = summary.report.results
    run = {
        "tool": {"driver": {"name": "Shipshape", "rules": [_rule(it.check) for it in results]}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(result, number, problem, summary)
            for number, result in enumerate(results)
            if result.status is Status.FAIL
            for problem in result.evidence
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _id(check: Check) -> str:
    return f"{check.id}/{check.kind}"


def _rule(check: Check) -> dict[str, Any]:
    addresses = [f"[{it}]({link})" if (link := sources.address(it)) else it for it in check.sources]
    asked = f"\n\nSources: {', '.join(addresses)}" if addresses else ""
    return {
        "id": _id(check),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {
            "text": f"Why: {check.why}\nFix: {check.fix}",
            "markdown": f"**Why:** {check.why}\n\n**Fix:** {check.fix}{asked}",
        },
        "properties": {"tags": [check.pillar, str(check.level), str(check.kind)]},
    }


def _result(result: Result, rule: int, problem: Evidence, summary: Summary) -> dict[str, Any]:
    place = places.parsed(problem.place)
    # A place that is no file, such as a request, is part of the message.
    said = problem.text if place else str(problem)
    location = {"artifactLocation": {"uri": summary.repository.path(place or _WHOLE)}}
    return {
        "ruleId": _id(result.check),
        "ruleIndex": rule,
        "level": _level(result, summary.held),
        "message": {"text": f"{result.check.title}: {said}. {result.check.fix}"},
        "locations": [{"physicalLocation": location | _region(place or _WHOLE)}],
    }


def _region(place: Place) -> dict[str, Any]:
    return {"region": {"startLine": place.line}} if place.line else {}


def _level(result: Result, held: Level | None) -> str:
    """An error is what the service must have by the level that it holds."""
    if not result.enforced:
        return "note"
    return "error" if result.check.level <= (held or 0) else "warning"
