"""Resolve the dependencies of the template, of its services and of their tools: `make lock`.

What is locked keeps its version where it still fits; `--upgrade` takes the newest of everything.
Only the index that pip uses is asked, by its simple API: company mirrors often have no other.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .render import ROOT, exported, render

TOOLS = """
poetry>=2.5,<3
poetry-plugin-export>=1.10,<2
poetry-plugin-pypi-mirror>=0.6.5,<1
uv>=0.13,<0.14
"""
"""What `make install` needs before anything else, in the template and in each service."""

SHIPSHAPE = """
httpx2>=2.16,<3
jinja2>=3.1,<4
opentelemetry-proto>=1.45,<2
pydantic>=2.13,<3
pytest>=9.1,<10
ruamel.yaml>=0.19,<1
typer>=0.29,<1
"""
"""What the package in .shipshape needs; pyproject.toml has the same, for its tests."""

REQUIREMENTS = {
    "template/tools.lock": TOOLS,
    "template/.shipshape/shipshape.lock": SHIPSHAPE,
    "updating/copier.lock": "copier>=9.18,<10\n",
    "template/{% if ci == 'gitlab' %}.gitlab{% endif %}/ci/bandit.txt": "bandit>=1.9,<2\n",
}
"""What is locked for pip and uv, by its file."""

DEPENDENCY_SETS = [("rest", "postgresql"), ("rest", "none")]
"""The answers that change what a service depends on: api and database."""

UV = ROOT / ".tools" / "bin" / "uv"
POETRY = ROOT / ".tools" / "poetry" / "bin" / "poetry"


def pip_index() -> str:
    """The index that pip uses, by its settings or by its own default."""
    program = (
        "from pip._internal.commands import create_command;"
        "print(create_command('install').parser.get_default_values().index_url)"
    )
    command: list[str | Path] = [POETRY.with_name("python"), "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def lock_tools(index: str, upgrade: bool) -> None:
    """Write the requirements with their hashes, for all platforms and Pythons."""
    for name, text in REQUIREMENTS.items():
        print(f"locking {Path(name).name}", flush=True)
        lock_requirements(text, ROOT / name, index, upgrade)


def lock_requirements(text: str, target: Path, index: str, upgrade: bool) -> None:
    """Resolve requirements into a file."""
    command: list[str | Path] = [
        UV,
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
    ]
    command += ["--generate-hashes", "--no-annotate", "--no-header"]
    command += ["--output-file", target, "-"]
    command += ["--upgrade"] if upgrade else []
    environment = {**os.environ, "UV_DEFAULT_INDEX": index}
    subprocess.run(
        command, check=True, env=environment, input=text, text=True, stdout=subprocess.DEVNULL
    )


def lock_project(project: Path, index: str, upgrade: bool) -> None:
    """Write the poetry.lock of a folder with a pyproject.toml."""
    command: list[str | Path] = [POETRY, "lock", "--no-interaction", "--no-ansi"]
    command += ["--regenerate"] if upgrade else []
    environment = {
        **os.environ,
        "POETRY_PYPI_MIRROR_URL": index,
        "POETRY_VIRTUALENVS_CREATE": "false",  # to lock, none is needed
    }
    subprocess.run(command, check=True, env=environment, cwd=project)


def lock_services(index: str, upgrade: bool) -> None:
    """Write includes/locks/: one for each dependency set, by the pyproject.toml of a service."""
    with exported() as template:
        for api, database in DEPENDENCY_SETS:
            name = f"{api}-{database}"
            lock = ROOT / "includes" / "locks" / f"{name}.lock"
            print(f"locking services of {name}", flush=True)
            with tempfile.TemporaryDirectory(prefix=f"shipshape-{name}-") as folder:
                # The rest of the service is not needed; its own lock may not exist yet.
                exclude = ["*", "!/pyproject.toml"]
                project = render(
                    template, Path(folder), exclude, service="orders", database=database
                )
                if lock.exists():
                    shutil.copy(lock, project / "poetry.lock")
                lock_project(project, index, upgrade)
                shutil.copy(project / "poetry.lock", lock)


def main() -> None:
    """Lock everything, the quick ones first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    upgrade = parser.parse_args().upgrade
    index = pip_index()
    try:
        lock_tools(index, upgrade)
        lock_services(index, upgrade)
        print("locking the template itself", flush=True)
        lock_project(ROOT, index, upgrade)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # the tool has said why


if __name__ == "__main__":
    main()
