"""`make` works with the tools of any machine, and names what is missing in one sentence."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import ROOT, render
from tests import debian

OLD = ("sys.version_info = (3, 10, 12)", "error: Python >=3.11,<3.15 is needed, and ")
NEW = ("sys.version_info = (3, 15, 0)", "error: Python >=3.11,<3.15 is needed, and ")
WITHOUT_VENV = ("sys.modules['ensurepip'] = None", "comes without venv: install it")


@pytest.fixture(params=["template", "service"])
def folder(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    """The template, or a service of it, with nothing installed."""
    folder = tmp_path / "orders"
    if request.param == "service":
        return render(template, folder)
    package = "template/.shipshape/shipshape"
    (folder / package).mkdir(parents=True)
    for name in ("Makefile", "tools.lock", "poetry.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("install.py", "requirements.py"):
        shutil.copy(ROOT / package / name, folder / package)
    return folder


def make(folder: Path, *arguments: str, **variables: str) -> tuple[int, list[str]]:
    """The exit code of make, and the lines that it writes to stderr, but for its own."""
    done = subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, [it for it in done.stderr.splitlines() if not it.startswith("make")]


def python(path: Path, change: str) -> Path:
    """A Python that differs from this one."""
    program = "import runpy, sys; sys.argv = sys.argv[1:]; "
    program += f"{change}; runpy.run_path(sys.argv[0], run_name='__main__')"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("change", "sentence"), [OLD, NEW, WITHOUT_VENV], ids=["old", "new", "without-venv"]
)
def test_a_python_that_will_not_do(
    folder: Path, tmp_path: Path, change: str, sentence: str
) -> None:
    status, said = make(folder, "install", f"PYTHON={python(tmp_path / 'python', change)}")
    assert status == 2
    assert len(said) == 1, said
    assert said[0].startswith("error: ")
    assert sentence in said[0]
    assert not (folder / ".tools").exists()


def test_the_project_says_which_python_will_do(folder: Path, tmp_path: Path) -> None:
    path = folder / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace(">=3.11,<3.15", ">= 3.9, < 3.10"), "utf-8")
    _, [said] = make(folder, "install", f"PYTHON={sys.executable}")
    assert said.startswith("error: Python >= 3.9, < 3.10 is needed, and ")


def test_an_old_python_can_read_what_names_the_right_one() -> None:
    """The Python of macOS is 3.9; what it cannot parse could not tell."""
    script = ROOT / "template/.shipshape/shipshape/install.py"
    ast.parse(script.read_text("utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("name", "repair"),
    [
        (
            "poetry.lock",
            "take one side with `git checkout --theirs poetry.lock`, then run `make lock`",
        ),
        ("pyproject.toml", "edit it, then run `make lock`"),
        ("tools.lock", "take one side with `git checkout --theirs tools.lock`"),
    ],
)
@pytest.mark.parametrize("target", ["install", "lock"])
def test_a_conflict_in_a_lock_is_named(folder: Path, name: str, repair: str, target: str) -> None:
    path = folder / name
    first, rest = path.read_text("utf-8").split("\n", 1)
    markers = f"<<<<<<< HEAD\n{first}\n=======\n{first}\n>>>>>>> main\n"
    path.write_text(f"{first}\n{markers}{rest}", "utf-8")
    status, said = make(folder, target)
    assert status == 2
    assert said == [f"error: {name} has a conflict marker in line 2: {repair}"]
    assert not (folder / ".tools").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["migration"], 'error: say what changes: make migration m="add a colour to items"'),
        (["update", "data=python"], "error: data must be NAME=VALUE"),
        (["update-preview", "data==3.13"], "error: data must be NAME=VALUE"),
    ],
    ids=" ".join,
)
def test_an_argument_is_checked_before_anything_is_done(
    template: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    service = render(template, tmp_path / "orders")
    status, said = make(service, *arguments)
    assert status == 2
    assert len(said) == 1, said
    assert sentence in said[0]
    assert not {".tools", ".venv", ".data"} & {path.name for path in service.iterdir()}


# -- Tools of other systems -----------------------------------------------------------------------


def original_awk(binaries: Path) -> None:
    """The awk of macOS and the BSDs."""
    (binaries / "awk").symlink_to(debian.program("original-awk", "original-awk"))


def busybox(binaries: Path) -> None:
    """The tools of Alpine."""
    program = debian.program("busybox", "busybox-static")
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True)
    for name in {"awk", "find", "grep", "sed", "sh", "xargs", "cat", "expr"} & {
        *listed.stdout.split()
    }:
        (binaries / name).symlink_to(program)


@pytest.mark.parametrize("tools", [original_awk, busybox])
def test_help_needs_nothing_of_gnu(
    folder: Path, tmp_path: Path, tools: Callable[[Path], None]
) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    tools(binaries)
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    usual = subprocess.run(["make", "help"], cwd=folder, capture_output=True, text=True, check=True)
    other = subprocess.run(
        ["make", "help"],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "  install" in usual.stdout
    assert other.stdout == usual.stdout


# Options and escapes that BSD's tools or GNU Make 3.81 do not have.
GNU_ONLY = re.compile(
    r"sed [^|]*(-r\b|--\w|\\[tn+?|])|grep [^|]*-\w*P|xargs [^|]*(-r\b|-d\b|--\w)"
    r"|find [^|]*(-printf|-regextype|-maxdepth)"
    r"|\b(realpath|readlink -f|mktemp --|date -d|stat -c)\b"
    r"|\$\((file|let|intcmp) |^\.ONESHELL|^\s*[\w.]+\s*!="
)


def test_recipes_use_nothing_of_gnu(folder: Path) -> None:
    lines = (folder / "Makefile").read_text("utf-8").replace("\\\n", " ").splitlines()
    recipes = [line for line in lines if "git grep" not in line]
    assert [line for line in recipes if GNU_ONLY.search(line)] == []


@pytest.mark.parametrize(
    "line", ["\t@sed -E 's/a/\\t/' x", "\t@grep -oP x", "\t@x | xargs -r rm", "NAME != date"]
)
def test_what_is_gnu_only_is_found(line: str) -> None:
    assert GNU_ONLY.search(line)
