"""Make what a service generates from its own sources, so that a fresh one has it: `make generate`.

A service's models come from its schema, its `.env.example` and the tables of its README from its
code, by its own `make schema`. This runs it in a service of each dependency set and takes over
the results: into generated/, whence the template includes them, and into template/.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from .lock import DEPENDENCY_SETS
from .render import ROOT, exported, render

GENERATED = ROOT / "generated"
TABLES = ("endpoints", "settings", "targets")
MODELS = ROOT / "template" / "src" / "{{package}}" / "api" / "models.py"
# Stands for the service's name in what is generated, and is found again there.
NAME = "name-of-the-service"


def table(readme: str, name: str) -> str:
    """The table of a README between its markers."""
    start, end = f"<!-- {name}: made by `make docs` -->\n", f"<!-- end of {name} -->"
    return readme.split(start, 1)[1].split(end, 1)[0]


def generate(template: Path, service: Path, database: str, target: Path) -> None:
    """Let a service generate its files and take them over."""
    render(template, service, service=NAME, package="sample", database=database)
    subprocess.run(["make", "--silent", "schema"], cwd=service, check=True)
    readme = (service / "README.md").read_text(encoding="utf-8")
    texts = {f"{name}.md": table(readme, name) for name in TABLES}
    texts["env.example"] = (service / ".env.example").read_text(encoding="utf-8")
    for name, text in texts.items():
        (target / name).write_text(text.replace(NAME, "{{ service }}"), encoding="utf-8")
    shutil.copy(service / "src" / "sample" / "api" / "models.py", MODELS)


def main() -> None:
    """Generate for each dependency set."""
    for api, database in DEPENDENCY_SETS:
        print(f"generating for services of {api}-{database}", flush=True)
        target = GENERATED / f"{api}-{database}"
        target.mkdir(parents=True, exist_ok=True)
        for name in (*(f"{table}.md" for table in TABLES), "env.example"):
            (target / name).touch()  # the template includes it already
        MODELS.touch()
        with exported() as template, tempfile.TemporaryDirectory() as service:
            generate(template, Path(service), database, target)


if __name__ == "__main__":
    main()
