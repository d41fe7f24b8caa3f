"""promtool, which tries rules against made-up series: a program on PATH, or Prometheus' image."""

import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from scripts.monitoring.objectives import ROOT
from scripts.monitoring.yaml_text import dump

# Within the project, for that is what the Docker of a CI job sees of its files.
FOLDER = ROOT / ".venv" / "monitoring"


def promtool() -> list[str]:
    """The command that runs it in FOLDER."""
    if program := os.environ.get("PROMTOOL") or shutil.which("promtool"):
        return [program]
    if not shutil.which("docker"):
        pytest.fail("promtool is needed: install Prometheus, name it in PROMTOOL, or have Docker")
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    image = re.search(r"(prom/prometheus:[^}\s]+)", compose)
    assert image, "compose.yaml names no image of Prometheus"
    mounted = ["--volume", f"{FOLDER}:/monitoring:ro", "--workdir", "/monitoring"]
    run = ["docker", "run", "--rm", "--network", "none", *mounted]
    return [*run, "--entrypoint", "promtool", os.environ.get("PROMETHEUS_IMAGE") or image[1]]


def run(*arguments: str, **files: Any) -> str:
    """Run it over documents, each under its name with .yml; what it found, "" for nothing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (FOLDER / f"{name}.yml").write_text(dump(document), "utf-8")
    done = subprocess.run(
        [*promtool(), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def series(name: str, **labels: str) -> str:
    """The name of a series."""
    return name + "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def firing(
    rules: dict[str, Any], given: dict[str, str], at: str, expected: set[str], step: str = "1m"
) -> str:
    """Whether just these alerts fire then; what is otherwise.

    The values are in promtool's notation, one each step: `0+60x10` grows by 60 ten times.
    """
    test = {
        "interval": step,
        "input_series": [{"series": name, "values": text} for name, text in given.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": at,
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)
                ],
            }
        ],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": step, "tests": [test]}
    return run("test", "rules", "test.yml", rules=rules, test=document)
