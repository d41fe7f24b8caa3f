"""docs/how-to/adopt-an-existing-service.md works as written, and nothing of a project is lost."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from scripts.lock import pip_index
from scripts.render import ROOT
from tests.checks import CONFLICT
from tests.repositories import append, files, release

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("how-to")]

PAGE = ROOT / "docs" / "how-to" / "adopt-an-existing-service.md"
BLOCK = re.compile(r"^( *)```console\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
RESOLVED = {".gitignore"}
"""Of the project's files, what the page has merged with the template's."""
MOVED = {"Makefile": "local.mk"}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with what the project needs for its own tests."""
    venv = tmp_path_factory.mktemp("python") / "venv"
    uv = ROOT / ".tools" / "bin" / "uv"
    subprocess.run([uv, "venv", "--quiet", venv], check=True)
    options = ["--quiet", "--python", str(venv), "--default-index", pip_index()]
    subprocess.run([uv, "pip", "install", *options, "fastapi", "httpx2", "pytest"], check=True)
    return venv / "bin" / "python"


class Reader:
    """Someone who follows the page, with a project of their own."""

    def __init__(
        self, project: Path, template: Path, python: Path, environment: dict[str, str]
    ) -> None:
        self.project = project
        self.template = template
        self.python = python
        self.environment = environment | {"SHIPSHAPE": str(template)}
        self.folder = project.parent
        self.before = files(project)
        self.steps = self.updates = 0

    def follow(self, block: str) -> None:
        """Type what a block shows, and find what it shows of the output, `…` being anything."""
        for step in re.split(r"^\$ ", textwrap.dedent(block), flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            if command.startswith("cd "):
                self.folder /= command.removeprefix("cd ")
                continue
            if command.startswith("uvx copier update"):
                self.updates += 1
                self.next_release()
            said = self.type(command)
            wanted = ".*?".join(re.escape(part.strip()) for part in shown.split("…"))
            found = re.search(wanted, said, re.DOTALL) if shown else not said
            assert found, f"$ {command}\n{said}\n--- not as shown:\n{shown}"
            if command.startswith("git commit"):
                self.steps += 1
                self.look()

    def type(self, command: str) -> str:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def next_release(self) -> None:
        """A release of the template that changes what is taken, and what is not."""
        for name in ("Makefile.jinja", "SECURITY.md.jinja", ".gitignore", "Dockerfile.jinja"):
            append(self.template / "template" / name, f"# of release {self.updates}\n")
        release(self.template, f"v1.{self.updates}.0")

    def look(self) -> None:
        """Nothing of the project is lost or changed, and its own tests pass."""
        after = files(self.project)
        for name, content in self.before.items():
            name = name if name in after else MOVED[name]
            if name in RESOLVED:
                assert {*content.splitlines()} <= {*after[name].splitlines()}, name
            elif name not in MOVED:
                assert after[name] == content, name
        assert not [name for name, it in after.items() if CONFLICT.search(it.decode("utf-8"))]
        command = [str(self.python), "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=self.project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        assert "2 passed" in done.stdout


def test_the_page_works_as_written(
    released: Path, project: Path, python: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    template = shutil.copytree(released, tmp_path / "template", symlinks=True)
    reader = Reader(project, template, python, environment)
    for _, block in BLOCK.findall(PAGE.read_text("utf-8")):
        reader.follow(block)
    assert (reader.steps, reader.updates) == (5, 2)
    after = files(project)
    for name in ("Makefile", "SECURITY.md", ".gitignore"):  # taken
        assert after[name].endswith(b"# of release 1\n# of release 2\n"), name
    assert b"# of release" not in after["Dockerfile"]  # the project's own


def test_each_part_is_in_the_page() -> None:
    parts = ROOT / "template" / "scripts" / "update" / "parts.toml"
    named = re.findall(r"^\[(\w+)\]$", parts.read_text("utf-8"), re.MULTILINE)
    assert named
    assert re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE) == named
