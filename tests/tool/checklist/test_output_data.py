"""The results as JSON, whose names stay."""

import json
import re
from pathlib import Path
from typing import Any

from shipshape.checklist.output import data

from ..conftest import rendered
from .made_up import RESULTS, a_result, a_summary, days


def document(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data.text(a_summary(**changes)))
    return found


def test_document() -> None:
    found = document()
    assert len(found.pop("checks")) == len(RESULTS)
    assert found == {
        "version": 1,
        "service": "orders",
        "commit": "",
        "checked_at": "2026-01-31T12:30:00Z",
        "complete": True,
        "level": "bronze",
        "automatic_level": "bronze",
        "held_level": "silver",
        "next_level": "silver",
        "missing": ["ST4", "ST6"],
    }


def test_check(evidence_file: Path) -> None:
    assert document()["checks"][2] == {
        "id": "ST4",
        "title": "Title of ST4",
        "pillar": "Stability",
        "level": "silver",
        "kind": "static",
        "status": "fail",
        "clean": False,
        "enforced_from": None,
        "evidence": [
            {
                "text": "the call `get` | <b>has</b> no limit",
                "place": "service.py:12",
                "file": "service.py",
                "line": 12,
            },
            {"text": "it took 61 s", "place": "GET /slow", "file": None, "line": None},
        ],
        "warning": "",
        "why": "Why of ST4.",
        "fix": "Run `make st4`.",
        "sources": ["Google", "12-factor III"],
        "seconds": 0.5,
    }


def test_check_that_does_not_count_yet_is_clean() -> None:
    found = document()["checks"][5]
    assert (found["status"], found["clean"]) == ("error", True)
    assert found["enforced_from"] == str(days(9))


def test_no_level_without_all_checks() -> None:
    found = document(results=[a_result()], complete=False)
    assert not found["complete"]
    assert found["level"] is found["automatic_level"] is found["next_level"] is None
    assert found["missing"] == []


def test_every_name_is_documented() -> None:
    page = (rendered() / "docs/checklist.md").read_text("utf-8")
    text = page.partition("## Use the results in a program")[2]
    documented = set(re.findall(r"`([a-z_]+)`", text))
    for model in (data.Document, data.Item, data.Fact):
        assert set(model.model_fields) <= documented
