"""What a person does in a new service works, and leaves it unchanged."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.render.test_reserved_names import missing, reserved

from .conftest import kinds, run

pytestmark = pytest.mark.slow

TARGETS = {
    "check",
    "clean",
    "drift",
    "format",
    "help",
    "hooks",
    "install",
    "lint",
    "lock",
    "run",
    "schema",
    "update",
    "update-preview",
    "update-propose",
}


def test_help_lists_each_target_in_a_line(service: Path) -> None:
    said = run(service, "make")
    assert said == run(service, "make", "help")
    listed = dict(re.findall(r"^ *([a-z-]+) +(\S.+)$", said, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", (service / "Makefile").read_text(), re.M))
    assert TARGETS <= listed.keys()
    assert listed.keys() == phony
    assert len(said.splitlines()) == len(listed)


@kinds("none")
def test_install_refuses_what_the_lock_does_not_know(service: Path, tmp_path: Path) -> None:
    made = shutil.ignore_patterns(".data", ".git", ".tools", ".venv", ".*_cache")
    shutil.copytree(service, tmp_path, ignore=made, dirs_exist_ok=True)
    (tmp_path / ".tools").symlink_to(service / ".tools")
    lock = tmp_path / "poetry.lock"
    lock.write_text(re.sub(r"sha256:.{8}", "sha256:00000000", lock.read_text()))
    with pytest.raises(AssertionError, match="Hash mismatch"):
        run(tmp_path, "make", "install")


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """A file with another text in one place, for as long as this lasts."""
    before = path.read_text("utf-8")
    assert before.count(old) == 1
    path.write_text(before.replace(old, new), "utf-8")
    try:
        yield
    finally:
        path.write_text(before, "utf-8")


@kinds("none")
def test_lint_finds_a_conflict_that_was_committed(service: Path) -> None:
    markers = "<<<<<<< before updating\n=======\n>>>>>>> after updating\n"
    with changed(service / "docs" / "update.md", "## Drift\n", f"{markers}## Drift\n"):
        with pytest.raises(AssertionError, match="docs/update.md:[0-9]+:<<<<<<< "):
            run(service, "make", "lint")


@pytest.mark.parametrize(
    ("source", "old", "new", "made", "target"),
    [
        ("schema/openapi.yaml", "maxLength: 100,", "maxLength: 90,", "models.py", "schema"),
        ("monitoring/slo.yaml", "percent: 99\n", "percent: 98\n", "rules.yml", "monitoring"),
        ("monitoring/prometheus/rules/service.yml", "> 0.05", "> 0.02", "rules.yml", "monitoring"),
        (
            "docs/runbook.md",
            "(#eventloopslow) | ticket",
            "(#eventloopslow) | page",
            "runbook.md",
            "docs",
        ),
    ],
)
@kinds("none")
def test_what_is_made_is_stale_where_its_source_changes(
    service: Path, source: str, old: str, new: str, made: str, target: str
) -> None:
    with changed(service / source, old, new):
        with pytest.raises(AssertionError, match=f"{made} is stale: run `make {target}`"):
            run(service, "make", "stale")


@kinds("odd")
def test_tests_and_hooks_pass(service: Path) -> None:
    """Together they are `make check`: the hooks lint, check types, and what is generated."""
    run(service, "make", "test")
    said = run(service, ".venv/bin/pre-commit", "run", "--all-files")
    assert "Failed" not in said
    assert "Passed" in said
    assert run(service, "git", "diff", "--name-only") == "", "a hook changed files"


@kinds("postgresql", "none", long=["none"])
def test_check_passes(service: Path) -> None:
    run(service, "make", "check")
    assert run(service, "git", "status", "--porcelain", "--untracked-files=all").count("\n??") == 0


def test_format_and_schema_change_nothing(service: Path) -> None:
    run(service, "make", "format", "schema")
    assert run(service, "git", "diff", "--name-only") == ""


def test_what_is_installed_cannot_be_shadowed(service: Path) -> None:
    """includes/reserved-names.jinja names each module that the lock brings."""
    program = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps([*m.packages_distributions()]))"
    )
    installed = set(json.loads(run(service, ".venv/bin/python", "-c", program)))
    assert "fastapi" in installed
    packages = {path.name for path in (service / "src").iterdir()}
    lists = reserved("dependencies") | reserved("language") | reserved("layout")
    assert missing(installed - packages, lists) == set()
