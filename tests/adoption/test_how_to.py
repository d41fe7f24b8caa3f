"""docs/how-to/adopt-an-existing-service.md works as written, and nothing of a project is lost."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.lock import pip_index
from scripts.render import ROOT
from tests.checks import CONFLICT
from tests.pages import Block, Terminal, blocks, terminal
from tests.ports import free_ports
from tests.repositories import append, git, release
from tests.service.conftest import without_make

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not shutil.which("curl"), reason="the page needs curl"),
    pytest.mark.xdist_group("how-to"),
]

PAGE = ROOT / "docs" / "how-to" / "adopt-an-existing-service.md"
PORTS = {"PORT": "8000", "MANAGEMENT_PORT": "9000"}
"""The usual ones, which may be taken: others are put in their place."""

MOVED = {
    "Makefile": "local.mk",
    "app/__init__.py": "src/app/__init__.py",
    "app/main.py": "src/app/main.py",
    "app/models.py": "src/app/models.py",
    "app/routes.py": "src/app/routes.py",
    "tests/test_parcels.py": "tests/unit/test_parcels.py",
}
CHANGED = {
    ".github/CODEOWNERS": ["/app/models.py @logistics/data"],
    ".github/workflows/ci.yml": [
        "      - run: python -m venv .venv && .venv/bin/pip install . pytest httpx2"
    ],
    ".gitignore": [],
    "Dockerfile": ["COPY pyproject.toml ./", "COPY app app"],
    "tests/test_parcels.py": [],  # `make format` sorts its imports
}
"""Of the project's files, those that the page edits, with the lines that it replaces."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with what the project needs for its own tests."""
    venv = tmp_path_factory.mktemp("python") / "venv"
    uv = ROOT / ".tools" / "bin" / "uv"
    subprocess.run([uv, "venv", "--quiet", venv], check=True)
    options = ["--quiet", "--python", str(venv), "--default-index", pip_index()]
    subprocess.run(
        [uv, "pip", "install", *options, "fastapi", "httpx2", "jinja2", "pytest"], check=True
    )
    return venv / "bin" / "python"


class Reader:
    """Someone who follows the page in a shell, with a project of their own."""

    def __init__(
        self, shell: Terminal, ports: Mapping[str, str], project: Path, template: Path, python: Path
    ) -> None:
        self.shell = shell
        self.ports = ports
        self.project = project
        self.template = template
        self.python = python
        self.before = tracked(project)
        self.steps = self.updates = 0

    def follow(self, block: Block) -> None:
        """Do what a block shows."""
        if block.kind == "diff":
            block.apply(self.project)
            return
        for step in block.steps():
            command = step.command
            if command.startswith("uvx copier update"):
                self.updates += 1
                self.next_release()
            for name, usual in PORTS.items():
                command = command.replace(f":{usual}/", f":{self.ports[name]}/")
            step.check(*self.shell.run(command))
            if command.startswith("git commit"):
                self.steps += 1
                self.look()

    def next_release(self) -> None:
        """A release of the template that changes what is taken, and what is not."""
        changed = ["Makefile.jinja", "SECURITY.md.jinja", ".gitignore", "Dockerfile.jinja"]
        changed += ["pyproject.toml.jinja", "src/{{package}}/chassis/health.py"]
        for name in changed:
            append(self.template / "template" / name, f"# of release {self.updates}\n")
        release(self.template, f"v1.{self.updates}.0")

    def look(self) -> None:
        """Nothing of the project is lost, and its own tests pass."""
        after = tracked(self.project)
        for name, content in self.before.items():
            now = after[MOVED[name] if MOVED.get(name) in after else name]
            if name == "pyproject.toml" and now != content:
                assert_described_alike(content, now)
            elif name in CHANGED:
                kept = {*content.splitlines()} - {*CHANGED[name]}
                assert kept <= {*now.splitlines()}, name
            else:
                assert now == content, name
        assert not [name for name, content in after.items() if CONFLICT.search(content)]
        installed = self.project / ".venv" / "bin" / "python"
        python = installed if installed.exists() else self.python
        command = [str(python), "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=self.project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        assert "3 passed" in done.stdout


def tracked(project: Path) -> dict[str, str]:
    """What git has of a project."""
    names = git(project, "ls-files", "-z").split("\0")[:-1]
    return {name: (project / name).read_text("utf-8") for name in names}


def assert_described_alike(before: str, after: str) -> None:
    """The name, the description, and all that the project needs, if not in the same versions."""
    old, new = tomllib.loads(before), tomllib.loads(after)
    for name in ("name", "description", "requires-python"):
        assert new["project"][name] == old["project"][name]
    for needed, found in (
        (old["project"]["dependencies"], new["project"]["dependencies"]),
        (
            old["dependency-groups"]["dev"],
            [*new["project"]["dependencies"], *new["dependency-groups"]["dev"]],
        ),
    ):
        assert {it.split()[0] for it in needed} <= {it.split()[0] for it in found}


def test_the_page_works_as_written(
    released: Path, project: Path, python: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    template = shutil.copytree(released, tmp_path / "template", symlinks=True)
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    variables = {**without_make(environment), **ports, "SHIPSHAPE": str(template)}
    with terminal(project.parent, variables) as shell:
        someone = Reader(shell, ports, project, template, python)
        for block in blocks(PAGE.read_text("utf-8")):
            someone.follow(block)
    assert (someone.steps, someone.updates) == (7, 2)
    after = tracked(project)
    taken = ("Makefile", "SECURITY.md", ".gitignore", "pyproject.toml", "src/app/chassis/health.py")
    for name in taken:
        assert after[name].endswith("# of release 1\n# of release 2\n"), name
    assert "# of release" not in after["Dockerfile"]  # the project's own


def test_each_part_is_in_the_page() -> None:
    parts = ROOT / "updating" / "parts.toml"
    named = re.findall(r"^\[(\w+)\]$", parts.read_text("utf-8"), re.MULTILINE)
    assert named
    assert re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE) == named
