"""What cannot be made into rules is said in one sentence, which names the file and the place."""

from pathlib import Path

import pytest

from shipshape.errors import ShipshapeError
from shipshape.monitoring import objectives, rules

from .series import PROMISE

BUCKETS = (0.25, 0.5, 1)
GOOD = """
service: orders
owner: "@some/team"
runbook: https://example.com/runbook
dashboard: https://example.com/dashboard
objectives:
  - name: availability
    percent: 99.9
    reason: a test
  - name: latency
    percent: 99
    within_seconds: 0.5
    reason: a test
"""
ALERT = """
groups:
  - name: ours
    rules:
      - alert: Ours
        expr: vector(1)
        labels: {severity: ticket}
        annotations: {summary: Callers wait.}
"""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("percent: 99\n", "percent: 90\n"), "objectives.1.percent: .* than or equal to 94"),
        (("percent: 99\n", "percent: 100\n"), "objectives.1.percent: .* less than 100"),
        (
            ("within_seconds: 0.5", "within_seconds: 0.3"),
            "objectives.1.within_seconds: .* no bucket for it; choose one of 0.25, 0.5, 1",
        ),
        (("    reason:", "    raison:"), "objectives.0.* Field required"),
        (("name: latency", "name: availability"), "each objective needs a name of its own"),
        (("objectives:", "objectives: ["), "cannot be read"),
        ((GOOD, ""), "its top: "),
    ],
)
def test_invalid_objectives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    objectives.FILE.parent.mkdir()
    objectives.FILE.write_text(GOOD, "utf-8")
    assert len(objectives.read(BUCKETS).objectives) == 2
    objectives.FILE.write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(ShipshapeError, match=f"^monitoring/slo.yaml:? .*{sentence}") as error:
        objectives.read(BUCKETS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("severity: ticket", "severity: high"), "Ours needs the label severity: page or ticket"),
        (("summary: Callers wait.", ""), "Ours needs a summary: what callers notice of it"),
        (("groups:", "rules:"), "must have `groups` with `rules`"),
        (("- alert: Ours", "- alert: ["), "cannot be read"),
        (("expr: vector(1)", "for: 5m"), "must have `groups` with `rules`"),
        (("- alert: Ours", "- alarm: Ours"), "must have `groups` with `rules`"),
    ],
)
def test_invalid_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rules.SOURCES.mkdir(parents=True)
    file = rules.SOURCES / "ours.yml"
    file.write_text(ALERT, "utf-8")
    assert [it["name"] for it in rules.source(file)] == ["ours"]
    file.write_text(ALERT.replace(*change), "utf-8")
    with pytest.raises(ShipshapeError, match=f"^monitoring/.*/ours.yml:? .*{sentence}") as error:
        rules.source(file)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("service")
def test_routes_are_matched_as_they_are() -> None:
    objective = objectives.Objective.model_validate(
        {
            "name": "checkout",
            "percent": "99.9",
            "routes": ("/items", "/items/{item_id}"),
            "reason": "a test",
        }
    )
    promise = PROMISE.model_copy(update={"objectives": (objective,)})
    share = rules.groups(promise)[0]["rules"][1]["expr"]
    assert r'http_route=~"/items|/items/\\{item_id\\}"' in share
