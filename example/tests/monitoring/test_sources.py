"""What cannot be made into rules is said in one sentence, which names the file and the place."""

from pathlib import Path

import pytest

from scripts.monitoring import objectives, rules
from scripts.monitoring.__main__ import main
from scripts.monitoring.errors import MonitoringError

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
            "within_seconds: only requests within one",
        ),
        (("    reason:", "    raison:"), "objectives.0.* Field required"),
        (("name: latency", "name: availability"), "each objective needs a name of its own"),
        (("objectives:", "objectives: ["), "cannot be read"),
        ((GOOD, ""), "its top: "),
    ],
)
def test_objectives_that_are_none(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    file = tmp_path / "monitoring" / "slo.yaml"
    file.parent.mkdir()
    file.write_text(GOOD, "utf-8")
    assert len(objectives.read(file).objectives) == 2
    file.write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(MonitoringError, match=f"^monitoring/slo.yaml:? .*{sentence}") as error:
        objectives.read(file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("severity: ticket", "severity: high"), "Ours needs the label severity: page or ticket"),
        (("summary: Callers wait.", ""), "Ours needs a summary: what callers notice of it"),
        (("groups:", "rules:"), "must have `groups` with `rules`"),
        (("- alert: Ours", "- alert: ["), "cannot be read"),
    ],
)
def test_rules_that_are_none(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    folder = tmp_path / "monitoring" / "prometheus" / "rules"
    folder.mkdir(parents=True)
    (folder / "ours.yml").write_text(ALERT, "utf-8")
    assert [it["name"] for it in rules.sources(folder)] == ["ours"]
    (folder / "ours.yml").write_text(ALERT.replace(*change), "utf-8")
    with pytest.raises(MonitoringError, match=f"^monitoring/.*/ours.yml:? .*{sentence}") as error:
        list(rules.sources(folder))
    assert "\n" not in str(error.value)


def test_routes_are_matched_as_they_are() -> None:
    objective = objectives.Objective(
        name="checkout", percent="99.9", routes=("/items", "/items/{item_id}"), reason="a test"
    )
    promise = objectives.read().model_copy(update={"objectives": (objective,)})
    share = rules.groups(promise)[0]["rules"][1]["expr"]
    assert r'http_route=~"/items|/items/\\{item_id\\}"' in share


def test_a_pace_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--faster", "0"])
    assert "--faster 0: N must be more than 0" in capsys.readouterr().err
