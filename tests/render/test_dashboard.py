"""The dashboard is what its code makes, and as Grafana expects it."""

import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.generate import DASHBOARDS, dashboards
from scripts.render import render
from tests.dashboards import graphs, label_queries, queries, read, selectors
from tests.debian import program

COLUMNS = 24
MAY_BE_NEGATIVE = {"Budget left: $slo"}


@pytest.fixture(scope="module", params=["postgresql", "none"])
def dashboard(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """That of a service, with a database and without."""
    folder = tmp_path_factory.mktemp(request.param)
    return read(render(template, folder, service="price-list", database=request.param))


def test_it_is_current() -> None:
    made = dashboards()
    assert {*DASHBOARDS.iterdir()} == made.keys()
    stale = [path.name for path, text in made.items() if path.read_text("utf-8") != text]
    assert stale == [], "run `make generate`"


def test_alerts_find_it(dashboard: dict[str, Any]) -> None:
    assert dashboard["uid"] == dashboard["title"] == "price-list"


def test_the_database_has_a_row_where_there_is_one(template: Path, tmp_path: Path) -> None:
    for database in ("postgresql", "none"):
        service = render(template, tmp_path / database, service="orders", database=database)
        rows = [it["title"] for it in read(service)["panels"] if it["type"] == "row"]
        assert ("Database" in rows) is (database == "postgresql")
        others = [row for row in rows if row != "Database"]
        assert others == ["Objectives", "Requests", "Saturation", "Runtime"]


def test_it_has_the_form_of_grafana(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] == 41
    panels = dashboard["panels"]
    numbers = [panel["id"] for panel in panels]
    assert len({*numbers}) == len(numbers)
    assert min(numbers) > 0, "0 is no id to Grafana"
    titles = [panel["title"] for panel in panels]
    assert len({*titles}) == len(titles)
    assert all(titles)


def test_no_panel_lies_on_another(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    for it in places:
        assert it["x"] >= 0 < it["w"]
        assert it["h"] > 0
        assert it["x"] + it["w"] <= COLUMNS
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_each_panel_says_what_it_means(dashboard: dict[str, Any]) -> None:
    for panel in graphs(dashboard):
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        assert panel["description"].endswith("."), title
        assert defaults["unit"], title
        assert defaults.get("min") == (None if title in MAY_BE_NEGATIVE else 0), title
        steps = defaults.get("thresholds", {"steps": [{"value": None}]})["steps"]
        values = [step["value"] for step in steps]
        assert values[0] is None, title
        assert values[1:] == sorted(values[1:]), title


def test_each_query_asks_the_chosen_source(dashboard: dict[str, Any]) -> None:
    source = {"type": "prometheus", "uid": "${datasource}"}
    [first, *others] = dashboard["templating"]["list"]
    assert (first["name"], first["query"]) == ("datasource", "prometheus")
    assert first["current"]["value"] == "prometheus", "as it is provisioned"
    for it in (*others, *dashboard["annotations"]["list"]):
        assert it["datasource"] == source, it["name"]
    for panel in graphs(dashboard):
        letters = [target["refId"] for target in panel["targets"]]
        assert len({*letters}) == len(letters) > 0, panel["title"]
        for it in (panel, *panel["targets"]):
            assert it["datasource"] == source, panel["title"]
        assert all(it["instant"] is not it["range"] for it in panel["targets"]), panel["title"]


def test_each_query_asks_for_this_service_alone(dashboard: dict[str, Any]) -> None:
    for metric, matchers in selectors(dashboard):
        if metric == "ALERTS" or metric.startswith("slo:"):
            assert 'service="price-list"' in matchers, metric
            assert "namespace" not in matchers, f"{metric} has no such label"
        else:
            assert matchers.startswith('job="price-list"'), metric
    in_all = [series for name, (series, _) in label_queries(dashboard).items() if name != "slo"]
    for expression in (*queries(dashboard).values(), *in_all[1:]):
        if "job=" in expression:
            assert expression.count("job=") == expression.count('namespace=~"$namespace"')


def test_each_variable_is_used_and_known(dashboard: dict[str, Any]) -> None:
    variables = {it["name"]: it for it in dashboard["templating"]["list"]}
    text = str(dashboard["panels"])
    assert all(f"${name}" in text or f"${{{name}}}" in text for name in variables)
    for name in ("namespace", "instance"):
        assert variables[name]["allValue"] == ".*", "also what has no such label"
    for panel in graphs(dashboard):
        repeated = any("$slo" in target["expr"] for target in panel["targets"])
        assert panel.get("repeat") == ("slo" if repeated else None), panel["title"]


def test_links(dashboard: dict[str, Any]) -> None:
    addresses = {it["title"]: it["url"] for it in dashboard["links"]}
    runbook = "https://github.com/your-organisation/price-list/blob/main/docs/runbook.md"
    assert addresses == {
        "Runbook": runbook,
        "Alerts": "/alerting/list?search=label:service=price-list",
    }


def evaluated(
    expression: str, series: dict[str, str], samples: dict[str, dict[str, float]], folder: Path
) -> str:
    """What promtool says where an expression is something else at a time; "" where it is not."""
    tests = {
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": it, "values": text} for it, text in series.items()],
                "promql_expr_test": [
                    {
                        "expr": expression.replace("$namespace", ".*"),
                        "eval_time": at,
                        "exp_samples": [
                            {"labels": labels, "value": value} for labels, value in those.items()
                        ],
                    }
                    for at, those in samples.items()
                ],
            }
        ]
    }
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump(tests), "utf-8")
    command = [program("promtool", "promtool"), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def test_a_release_is_marked_for_five_minutes(dashboard: dict[str, Any], tmp_path: Path) -> None:
    def version(number: int, instance: str) -> str:
        labels = f'job="price-list", version="{number}", commit="c{number}", instance="{instance}"'
        return f"service_build_info{{{labels}}}"

    old, new = ('{version="1", commit="c1"}', '{version="2", commit="c2"}')
    series = {
        version(1, "a"): "1x20 stale",
        version(1, "b"): "1x22 stale",
        version(2, "c"): "_x20 1x40",
        version(2, "d"): "_x23 1x37",
        version(1, "e"): "_x50 1x10",  # rolled back
    }
    samples: dict[str, dict[str, float]] = {
        "10m": {},
        "18m": {},
        "20m": {new: 1},
        "24m": {new: 2},
        "26m": {},
        "40m": {},
        "50m": {old: 1},
        "56m": {},
    }
    expression = queries(dashboard)["Releases"]
    assert evaluated(expression, series, samples, tmp_path) == ""
    assert "got:" in evaluated(expression, series, {"26m": {new: 2}}, tmp_path)


@pytest.mark.parametrize(("bad", "left", "pace"), [(0, 1, 0), (0.0005, 0.5, 0.5), (0.002, -1, 2)])
def test_budget_and_pace(
    dashboard: dict[str, Any], tmp_path: Path, bad: float, left: float, pace: float
) -> None:
    labels = '{service="price-list", slo="$slo"}'
    series = {
        f"slo:objective:ratio{labels}": "0.999",
        f"slo:bad:ratio_rate30d{labels}": str(bad),
        f"slo:bad:ratio_rate1h{labels}": str(bad),
    }
    for name, value in (("Budget left: $slo A", left), ("Burn rate: $slo A", pace)):
        rounded = f"round({queries(dashboard)[name]}, 0.001)"
        assert evaluated(rounded, series, {"0m": {labels: value}}, tmp_path) == "", name
