"""Make what a service generates from its own sources, so that a fresh one has it: `make generate`.

A service's models come from its schema, its `.env.example` and the tables of its pages from its
code, by its own `make schema`. This runs it in a service of each dependency set and copies the
results into includes/generated/, from where the template includes them, and into template/. The
dashboard is made here: its library is not a dependency of the service.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import dashboard
from .lock import DEPENDENCY_SETS
from .render import ROOT, exported, render

GENERATED = ROOT / "includes" / "generated"
PLATFORMS = ("kubernetes", "nomad")
TABLES = ("endpoints", "settings", "targets")
MODELS = ROOT / "template" / "src" / "{{package}}" / "api" / "models.py"
# Stand for answers in what is generated, and are found again there.
NAME, RUNBOOK = "name-of-the-service", "https://runbook.of-the-service"
STANDING_IN = {
    NAME: "{{ service }}",
    "@owner-of/the-service": "{{ owner }}",
    RUNBOOK: "{{ runbook }}",
    "https://dashboard.of-the-service": "{{ dashboard }}",
    "0.0012346": "{{ budget }}",
    "0.12346": "{{ budget_percent }}",
}
OBJECTIVE = "99.87654"  # leaves these two
STANDING_IN[OBJECTIVE] = "{{ availability }}"
RUNBOOK_TABLES = ("alerts", "objectives")
RULES = ("monitoring/prometheus/rules.yml", "deploy/production/rules.yaml")
DASHBOARDS = ROOT / "template" / "monitoring" / "grafana" / "dashboards"


def table(page: str, name: str) -> str:
    """The table of a page between its markers."""
    start, end = f"<!-- {name}: made by `make docs` -->\n", f"<!-- end of {name} -->"
    return page.split(start, 1)[1].split(end, 1)[0]


def generate(template: Path, service: Path, database: str, target: Path) -> None:
    """Let a service generate its files and take them over."""
    render(template, service, service=NAME, package="sample", database=database)
    subprocess.run(["make", "--silent", "schema"], cwd=service, check=True)
    readme = (service / "README.md").read_text(encoding="utf-8")
    texts = {f"{name}.md": table(readme, name) for name in TABLES}
    texts["metrics.md"] = table((service / "docs" / "runbook.md").read_text("utf-8"), "metrics")
    texts["env.example"] = (service / ".env.example").read_text(encoding="utf-8")
    for name, text in texts.items():
        (target / name).write_text(text.replace(NAME, "{{ service }}"), encoding="utf-8")
    for platform in PLATFORMS:
        generate_rules(template, service, database, platform, target / platform)
    shutil.copy(service / "src" / "sample" / "api" / "models.py", MODELS)


def generate_rules(
    template: Path, installed: Path, database: str, platform: str, target: Path
) -> None:
    """Let a service make its rules, with what is installed in another one."""
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        answers = {"service": NAME, "package": "sample", "database": database, "deploy": platform}
        service = render(template, Path(folder), **answers)
        objectives = service / "monitoring" / "slo.yaml"
        text = objectives.read_text(encoding="utf-8")
        for name, value in (
            ("owner", '"@owner-of/the-service"'),
            ("runbook", RUNBOOK),
            ("dashboard", "https://dashboard.of-the-service"),
            ("    percent", OBJECTIVE),
        ):
            text = re.sub(f"^{name}: .*$", f"{name}: {value}", text, count=1, flags=re.MULTILINE)
        objectives.write_text(text, encoding="utf-8")
        for environment in (".venv", ".tools"):
            (service / environment).symlink_to(installed / environment)
        for command in ("monitoring", "docs"):
            tool = (".tools/shipshape/bin/python", ".shipshape", command)
            subprocess.run(tool, cwd=service, check=True)
        for name in RULES:
            if (made := service / name).exists():
                (target / made.name).write_text(as_template(made.read_text("utf-8")), "utf-8")
        runbook = (service / "docs" / "runbook.md").read_text("utf-8")
        for name in RUNBOOK_TABLES:
            (target / f"{name}.md").write_text(as_template(table(runbook, name)), "utf-8")


def as_template(text: str) -> str:
    """What was generated, with answers where it has what stands for them."""
    text = text.replace("{{", "{{ '{{' }}")
    for value, answer in STANDING_IN.items():
        text = text.replace(value, answer)
    return text


def dashboards() -> dict[Path, str]:
    """The template of the dashboard by its file, with a database and without."""
    head = "{% from 'includes/promise.jinja' import runbook with context -%}\n"
    return {
        DASHBOARDS / f"{{% if database == '{database}' %}}service.json{{% endif %}}.jinja": head
        + as_template(dashboard.text(NAME, RUNBOOK, database != "none"))
        for database in sorted({database for _, database in DEPENDENCY_SETS})
    }


def main() -> None:
    """Generate the dashboards, and the rest for each dependency set."""
    for path, text in dashboards().items():
        path.write_text(text, encoding="utf-8")
    for api, database in DEPENDENCY_SETS:
        print(f"generating for services of {api}-{database}", flush=True)
        target = GENERATED / f"{api}-{database}"
        target.mkdir(parents=True, exist_ok=True)
        for name in (*(f"{table}.md" for table in TABLES), "metrics.md", "env.example"):
            (target / name).touch()  # the template includes it already
        for platform in PLATFORMS:
            (target / platform).mkdir(exist_ok=True)
            for made in (*RULES, *(f"{table}.md" for table in RUNBOOK_TABLES)):
                (target / platform / Path(made).name).touch()
        MODELS.touch()
        with exported() as template, tempfile.TemporaryDirectory() as service:
            generate(template, Path(service), database, target)


if __name__ == "__main__":
    main()
