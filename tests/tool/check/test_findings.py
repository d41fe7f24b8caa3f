"""Each fault in a file of a service is found, and named in a sentence."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shipshape.check import promtool
from shipshape.command_line import main
from tests.debian import program
from tests.tool.rendered import OTHER, USUAL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("check"),
]  # one worker installs the services

Findings = Callable[[], list[str]]

KUBERNETES_WITHOUT, NOMAD_WITH = "kubernetes-none", "nomad-postgresql"
RULES = "monitoring/prometheus/rules/service.yml"
SATURATION = "monitoring/prometheus/rules/saturation.yml"
DASHBOARD = "monitoring/grafana/dashboards/service.json"
PRODUCTION = "deploy/production/service.env"
NOMAD = "deploy/production.vars.hcl"
RUNBOOK, PLAYBOOK = "docs/runbook.md", "docs/playbook.md"


def test_a_new_service_passes(findings: Findings) -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("kind", "file", "change", "found"),
    [
        # Sources, and what is generated from them.
        (USUAL, "monitoring/slo.yaml", ("percent: 99\n", "percent: 9\n"), "objectives.1.percent"),
        (OTHER, "monitoring/slo.yaml", ("objectives:", "object:"), "monitoring/slo.yaml: objecti"),
        (
            USUAL,
            "monitoring/slo.yaml",
            ("within_seconds: 0.5", "within_seconds: 0.6"),
            r"objectives.1.within_seconds: .* no bucket for it; choose one of 0.005",
        ),
        (USUAL, RULES, ("severity: page", "severity: loud"), f"{RULES}: .* severity: page or tic"),
        (USUAL, RULES, ("groups:", "rules:"), f"{RULES} must have `groups` with `rules`"),
        (USUAL, RULES, ("> 0.05", "> 0.02"), "^monitoring/prometheus/rules.yml is stale"),
        (
            USUAL,
            "deploy/production/rules.yaml",
            ("for: 2m", "for: 3m"),
            "deploy/production/rules.yaml is stale: run `make monitoring`",
        ),
        (USUAL, "deploy/production/alerts.yaml", ("spec:", "spic:"), "must be a PrometheusRule"),
        (USUAL, ".env.example", ("#PORT=8000", "#PORT=1"), ".env.example is stale: run `make docs"),
        (USUAL, "README.md", ("<!-- targets:", "<!-- t:"), "README.md lacks the markers of the ta"),
        (OTHER, RUNBOOK, ("| ticket |", "| page |"), "docs/runbook.md is stale: run `make docs`"),
        # Metrics.
        (
            OTHER,
            SATURATION,
            ("log_lines_dropped_total", "log_lines_lost_total"),
            f"^{SATURATION}: LogLinesDropped: the service exports no metric log_lines_lost_total",
        ),
        (
            USUAL,
            DASHBOARD,
            ("event_loop_lag_seconds_bucket", "event_loop_lag_bucket"),
            f"^{DASHBOARD}: .*: the service exports no metric event_loop_lag_bucket: ",
        ),
        (USUAL, DASHBOARD, ("{\n", "{,\n"), f"^{DASHBOARD} cannot be read: "),
        (
            OTHER,
            PLAYBOOK,
            ("time() - process_start_time_seconds", "time() - process_start_seconds"),
            rf"^{PLAYBOOK}:\d+: the service exports no metric process_start_seconds: ",
        ),
        (
            USUAL,
            "deploy/production/alerts.yaml",
            ("increase(kube_pod", "increase(cube_pod"),
            "^deploy/production/alerts.yaml: PodCrashLooping: .* exports no metric cube_pod",
        ),
        # Runbook and playbook.
        (USUAL, RUNBOOK, ("### ErrorRatioHigh\n", ""), "the alert ErrorRatioHigh has no section"),
        (
            OTHER,
            RUNBOOK,
            ("### ErrorRatioHigh", "### ErrorsHigh"),
            rf"^{RUNBOOK}:\d+: there is no alert ErrorsHigh: correct the heading, or delete",
        ),
        (
            USUAL,
            RUNBOOK,
            ("**Impact.** Callers get errors now.\n", ""),
            rf"^{RUNBOOK}:\d+: \w+ must have the parts Meaning, Impact, Diagnosis, ",
        ),
        (
            USUAL,
            RUNBOOK,
            ("**Impact.** Callers get errors now.\n", "**Impact.**\n"),
            rf"^{RUNBOOK}:\d+: \w+: the part Impact is empty",
        ),
        (
            USUAL,
            RUNBOOK,
            ("See [requests fail with 5xx](playbook.md#requests-fail-with-5xx).\n", ""),
            rf"^{RUNBOOK}:\d+: \w+ must link to a section of docs/playbook.md",
        ),
        (
            USUAL,
            PLAYBOOK,
            ("(runbook.md#eventloopslow)", "(runbook.md#alerts)"),
            f"^{PLAYBOOK}: the symptom of EventLoopSlow must link back to runbook.md#eventloop",
        ),
        (
            USUAL,
            "deploy/production/alerts.yaml",
            ("#podcrashlooping", "#podcrashes"),
            "^deploy/production/alerts.yaml: runbook_url of PodCrashLooping must be https",
        ),
        (
            USUAL,
            "deploy/production/alerts.yaml",
            ("dashboard_url: http", "dashboard_url: https://elsewhere.example.com/http"),
            "dashboard_url of PodCrashLooping must be http.*, as in monitoring/slo.yaml",
        ),
        (
            USUAL,
            RUNBOOK,
            ("by itself | the template's tests |", "by itself | |"),
            rf"^{RUNBOOK}:\d+: the last column must name the test that proves it",
        ),
        # What pages name.
        (
            USUAL,
            RUNBOOK,
            ("(release.md#roll-back)", "(releases.md)"),
            "releases.md leads to no file",
        ),
        (
            OTHER,
            RUNBOOK,
            ("(release.md#roll-back)", "(release.md#back)"),
            rf"^{RUNBOOK}:\d+: the link release.md#back leads to no heading of docs/release.md$",
        ),
        (
            USUAL,
            PLAYBOOK,
            ("### In containers (`make up`)", "### In containers (`make upp`)"),
            rf"^{PLAYBOOK}:\d+: there is no target `make upp`$",
        ),
        (
            USUAL,
            PLAYBOOK,
            ("# Playbook of orders\n", "# Playbook of orders\n\n`python3 .shipshape rollbakc x`\n"),
            rf"^{PLAYBOOK}:3: `python3 .shipshape rollbakc` is no command",
        ),
        (
            USUAL,
            PLAYBOOK,
            ("# Playbook of orders\n", "# Playbook of orders\n\n`deploy/production/servce.env`\n"),
            rf"^{PLAYBOOK}:3: there is no deploy/production/servce.env$",
        ),
        (
            USUAL,
            RUNBOOK,
            ("test_database.py::test_service_without", "test_database.py::test_services_without"),
            rf"^{RUNBOOK}:\d+: tests/integration/test_database.py has no test test_services_withou",
        ),
        # Environments.
        (
            USUAL,
            PRODUCTION,
            ("LOG_LEVEL=", "LOGLEVEL="),
            f"^{PRODUCTION}:6: .* no setting LOGLEVEL",
        ),
        (OTHER, NOMAD, ("LOG_LEVEL ", "LOGLEVEL "), rf"^{NOMAD}:\d+: .* no setting LOGLEVEL: corr"),
        (
            USUAL,
            PRODUCTION,
            ("PORT=8000\n", "PORT=8000\nPORT=8001\n"),
            f"^{PRODUCTION}:5: PORT is set before in production: delete one$",
        ),
        (
            KUBERNETES_WITHOUT,
            PRODUCTION,
            ("PORT=8000\n", "PORT=8000\nSERVICE_VERSION=1\n"),
            f"^{PRODUCTION}:5: the image sets SERVICE_VERSION: delete it here$",
        ),
        (
            USUAL,
            "deploy/base/deployment.yaml",
            ("- name: DATABASE_URL", "- name: DATABASE"),
            f"^{PRODUCTION}: DATABASE_URL is not set",
        ),
        (
            NOMAD_WITH,
            "deploy/service.nomad.hcl",
            ("DATABASE_URL=[[", "# [["),
            f"^{NOMAD}: DATABASE_URL is not set",
        ),
        (USUAL, PRODUCTION, ("PORT=8000", "PORT=80000"), f"^{PRODUCTION}: PORT='80000' cannot be "),
        (OTHER, NOMAD, ('"8000"', '"80000"'), f"^{NOMAD}: PORT='80000' cannot be used"),
        (
            USUAL,
            PRODUCTION,
            ("SHUTDOWN_DELAY=5", "SHUTDOWN_DELAY=0"),
            f"^{PRODUCTION}: SHUTDOWN_DELAY=0 cuts requests",
        ),
        (
            USUAL,
            PRODUCTION,
            ("DATABASE_POOL_SIZE=16", "DATABASE_POOL_SIZE=17"),
            f"^{PRODUCTION}: 12 instances with 17 connections each, and a migration, need 206 conn",
        ),
        (
            NOMAD_WITH,
            NOMAD,
            ("most  = 10", "most  = 11"),
            f"^{NOMAD}: 13 instances with 16 connections each, and a migration, need 210 connectio",
        ),
        (OTHER, NOMAD, ("most  = 10", "more  = 10"), f"^{NOMAD} must set `most` of `instances`"),
        (
            USUAL,
            "deploy/base/deployment.yaml",
            ("- name: service\n", "- name: main\n"),
            "^deploy/base/deployment.yaml must have a container called service$",
        ),
    ],
)
def test_a_fault_is_found(
    service: Path, findings: Findings, file: str, change: tuple[str, str], found: str
) -> None:
    path = service / file
    text = path.read_text("utf-8")
    assert change[0] in text, "the fault is none: its file has changed"
    path.write_text(text.replace(*change, 1), "utf-8")
    said = findings()
    assert [it for it in said if re.search(found, it)], said
    assert [it for it in said if "\n" in it] == []


@pytest.mark.parametrize(
    ("kind", "file"), [(USUAL, "deploy/staging/service.env"), (OTHER, "deploy/staging.vars.hcl")]
)
def test_a_missing_environment_is_found(service: Path, findings: Findings, file: str) -> None:
    (service / file).unlink()
    assert findings() == [f"{file} is missing: restore it"]


@pytest.mark.parametrize("kind", [USUAL])
def test_metrics_of_others_are_no_fault(service: Path, findings: Findings) -> None:
    page = service / PLAYBOOK
    queries = 'rate(redis_up{job="redis"}[5m]) > 0 and up{job="orders"} == 1'
    page.write_text(f"{page.read_text('utf-8')}\n```promql\n{queries}\n```\n", "utf-8")
    assert findings() == []


@pytest.mark.parametrize(
    ("kind", "file", "said"),
    [
        (USUAL, "docs/playbook.md", "without docs/playbook.md, 5 checks are left out"),
        (OTHER, "deploy/service.nomad.hcl", "without deploy/service.nomad.hcl, 3 checks are left "),
    ],
)
def test_checks_that_are_left_out_are_named(
    service: Path, findings: Findings, capsys: pytest.CaptureFixture[str], file: str, said: str
) -> None:
    (service / file).unlink()
    findings()
    assert said in capsys.readouterr().out


# -- promtool --------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("kind", [USUAL, OTHER])
@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        (
            "monitoring/prometheus/rules/ours.yml",
            "groups: [{name: ours, rules: [{record: 'a:b', expr: 'rate(up'}]}]",
            "^monitoring/prometheus/rules.yml: promtool refuses it: .*unclosed left",
        ),
        (
            "monitoring/prometheus/tests/ours.yml",
            "tests: [{promql_expr_test: [{expr: '1', exp_samples: [{value: 2}]}]}]",
            "^monitoring/prometheus/tests/ours.yml: promtool refuses it: .*FAILED",
        ),
    ],
)
def test_promtool_finds_faults(
    service: Path,
    findings: Findings,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    text: str,
    found: str,
) -> None:
    monkeypatch.setenv("PROMTOOL", program("promtool", "promtool"))
    assert findings() == []
    (service / file).parent.mkdir(exist_ok=True)
    (service / file).write_text(text, "utf-8")
    main(["monitoring"])
    assert [it for it in findings() if re.search(found, it)]


@pytest.mark.parametrize("kind", [OTHER])
def test_without_promtool_it_says_so(
    service: Path,
    findings: Findings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert promtool.command() == []
    findings()
    assert "without promtool on PATH or in PROMTOOL, the syntax of" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [OTHER])
def test_a_promtool_that_is_none_is_named(
    service: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMTOOL", "/no/promtool")
    assert findings() == ["/no/promtool cannot be run: No such file or directory"]


@pytest.mark.parametrize("kind", [OTHER])
def test_promtool_can_come_in_the_image_of_prometheus(
    service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert promtool.command() == []
    monkeypatch.setenv("PROMTOOL", "docker")
    command = promtool.command()
    assert command[:2] == ["docker", "run"]
    assert command[-1].startswith("prom/prometheus:v")


# -- The command -----------------------------------------------------------------------------------


def test_the_command_passes(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert re.search(r"^\d+ checks passed$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("kind", [USUAL])
def test_the_command_fails_with_all_findings(
    service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (service / ".env.example").unlink()
    (service / "local.mk").unlink(missing_ok=True)
    page = service / PLAYBOOK
    page.write_text(page.read_text("utf-8") + "`make nothing`\n", "utf-8")
    assert main(["check"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "error: .env.example is stale: run `make docs`"
    assert re.fullmatch(rf"error: {PLAYBOOK}:\d+: there is no target `make nothing`", said[1])
    assert len(said) == 2


@pytest.mark.parametrize("kind", [USUAL])
def test_code_that_cannot_be_imported_is_named(
    kinds: dict[str, Path], service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = kinds[USUAL] / "src" / "orders" / "settings.py"  # where the environment has it from
    before = code.read_text("utf-8")
    code.write_text(f"import nothing_of_that_name\n{before}", "utf-8")
    try:
        assert main(["check"]) == 1
    finally:
        code.write_text(before, "utf-8")
    assert capsys.readouterr().err == (
        "error: orders cannot be imported: ModuleNotFoundError: No module named "
        "'nothing_of_that_name'\n"
    )
