"""The failing checks as SARIF 2.1.0, by the rules of its schema for what we use."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from shipshape.checklist.check import Kind, Level, Status
from shipshape.checklist.output import sarif
from shipshape.checklist.output.places import Repository

from .made_up import RESULTS, a_result, a_summary, days


def _object(required: str = "", **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: object, **more: object) -> dict[str, object]:
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string"}
MESSAGE = _object("text", text=TEXT, markdown=TEXT)
RULE = _object(
    "id",
    id=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    properties=_object(tags=_list(TEXT, uniqueItems=True)),
)
PLACE = _object(
    "artifactLocation",
    artifactLocation=_object(uri={"type": "string", "format": "uri-reference"}),
    region=_object("startLine", startLine={"type": "integer", "minimum": 1}),
)
RESULT = _object(
    "message ruleId ruleIndex locations",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["none", "note", "warning", "error"]},
    message=MESSAGE,
    locations=_list(_object(physicalLocation=PLACE), minItems=1, maxItems=10),
)
RUN = _object(
    "tool results",
    tool=_object("driver", driver=_object("name", name=TEXT, rules=_list(RULE, uniqueItems=True))),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=_list(RESULT),
)
LOG = _object(
    "version runs", **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": _list(RUN)}
)
"""The part of the official schema that we use, stricter where code scanning is."""


def run(**changes: Any) -> dict[str, Any]:
    log = json.loads(sarif.text(a_summary(**changes)))
    Draft202012Validator(LOG).validate(log)
    (found,) = log["runs"]
    rules = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert all(rules[it["ruleIndex"]] == it["ruleId"] for it in found["results"])
    return dict(found)


def test_a_rule_for_each_check() -> None:
    rules = run()["tool"]["driver"]["rules"]
    assert [it["id"] for it in rules][2:5] == ["ST4/static", "ST5/static", "ST6/dynamic"]
    assert rules[2]["help"]["markdown"] == (
        "**Why:** Why of ST4.\n\n**Fix:** Run `make st4`.\n\n"
        "Sources: [Google](https://sre.google/sre-book/launch-checklist/), "
        "[12-factor III](https://12factor.net/)"
    )


def test_a_result_for_each_problem(evidence_file: Path) -> None:
    first, second = run()["results"]
    assert first == {
        "ruleId": "ST4/static",
        "ruleIndex": 2,
        "level": "error",
        "message": {
            "text": "Title of ST4: the call `get` | <b>has</b> no limit. Run `make st4`.",
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "service.py"},
                    "region": {"startLine": 12},
                }
            }
        ],
    }
    assert second["message"]["text"] == "Title of ST4: GET /slow: it took 61 s. Run `make st4`."
    location = second["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "pyproject.toml"


def test_service_in_a_folder_of_its_repository(evidence_file: Path) -> None:
    first = run(repository=Repository(folder="my services/orders/"))["results"][0]
    location = first["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "my%20services/orders/service.py"


@pytest.mark.parametrize(
    ("level", "ahead", "shown"),
    [(Level.SILVER, 0, "error"), (Level.GOLD, 0, "warning"), (Level.BRONZE, 5, "note")],
)
def test_level_by_the_level_held(level: Level, ahead: int, shown: str) -> None:
    result = a_result("ST1", Status.FAIL, level=level, enforced_from=days(ahead))
    assert run(results=[result])["results"][0]["level"] == shown


def test_kinds_of_an_id_are_rules_of_their_own() -> None:
    results = [a_result("ST1", Status.FAIL, kind=kind) for kind in (Kind.STATIC, Kind.DYNAMIC)]
    assert [it["ruleId"] for it in run(results=results)["results"]] == ["ST1/static", "ST1/dynamic"]


def test_only_failures_are_results() -> None:
    assert run(results=[it for it in RESULTS if it.status is not Status.FAIL])["results"] == []
