"""includes/reserved-names.jinja holds each name that is taken already.

What the locks bring to import is seen in tests/service, where they are installed.
"""

import keyword
import re
import sys
import tomllib
from pathlib import Path

import jinja2
import pytest

from scripts.render import ROOT

POSSIBLE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def reserved(name: str) -> set[str]:
    """One of the lists."""
    template = jinja2.Template((ROOT / "includes" / "reserved-names.jinja").read_text("utf-8"))
    return set(getattr(template.module, name))


def missing(names: set[str], lists: set[str]) -> set[str]:
    """The names that a package could be given, and that no list holds."""
    return {name for name in names if POSSIBLE.fullmatch(name)} - lists


def test_python() -> None:
    names = {*keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names}
    assert missing(names, reserved("language")) == set()


def test_folders() -> None:
    folders = {"conftest", "delivery", "deploy", "migrations", "monitoring", "scripts", "src"}
    folders |= {"shipshape", "test", "tests"}
    assert missing(folders, reserved("layout")) == set()


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "includes" / "locks").glob("*.lock")), ids=lambda path: path.stem
)
def test_locks(lock: Path) -> None:
    packages = tomllib.loads(lock.read_text("utf-8"))["package"]
    names = {re.sub(r"[-_.]+", "_", package["name"]).lower() for package in packages}
    assert names
    assert missing(names, reserved("dependencies")) == set()


def test_no_name_stands_twice() -> None:
    lists = [reserved(name) for name in ("dependencies", "language", "layout")]
    assert sum(map(len, lists)) == len(set.union(*lists))
