"""promtool, which tries rules against made-up series."""

import subprocess
from pathlib import Path
from typing import Any

from shipshape.yaml_files import text
from tests.debian import program


def run(folder: Path, *arguments: str, **files: Any) -> str:
    """Run it over documents, each under its name with .yml; what it found, "" for nothing."""
    for name, document in files.items():
        (folder / f"{name}.yml").write_text(text(document), "utf-8")
    promtool = program("promtool", "promtool")
    done = subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True)
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def check(folder: Path, rules: dict[str, Any]) -> str:
    """What Prometheus would not load."""
    return run(folder, "check", "rules", "--lint-fatal", "rules.yml", rules=rules)


def series(name: str, **labels: str) -> str:
    """The name of a series."""
    return name + "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def firing(
    folder: Path,
    rules: dict[str, Any],
    given: dict[str, str],
    at: str,
    expected: set[str],
    step: str = "1m",
) -> str:
    """Whether just these alerts fire then; what is otherwise.

    The values are in promtool's notation, one each step: `0+60x10` grows by 60 ten times.
    """
    test = {
        "interval": step,
        "input_series": [{"series": name, "values": values} for name, values in given.items()],
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
    return run(folder, "test", "rules", "test.yml", rules=rules, test=document)
