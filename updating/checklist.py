"""`checklist`: how production-ready a repository is, whether the template made it or not."""

import json
import os
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shipshape.template import ProgramError, TemplateError

from .environments import python_with
from .places import TEMPLATE

_TOOL = TEMPLATE / "template" / ".shipshape"
LEVELS = ("bronze", "silver", "gold")
# Nothing of the repository is imported: it may have modules with names such as these.
_START = (
    f"import sys; sys.path.insert(0, {str(_TOOL)!r});"
    "from shipshape.command_line import main; sys.exit(main())"
)


def run(given: Namespace) -> int:
    """Check a repository, in the place of this process."""
    if not given.folder.is_dir():
        raise TemplateError(f"{given.folder} is no folder: name the repository to check")
    command = [*_command(), *given.only]
    command += ["--static"] if given.static else []
    command += ["--level", given.level] if given.level else []
    for path in given.write:
        command += ["--write", str(path.absolute())]
    os.chdir(given.folder)
    os.execv(command[0], command)


def missing(folder: Path, static: bool = False) -> dict[str, str]:
    """The levels of the checks that are not clean in a repository, by their ids.

    External checks are left out: no file brings what they ask for.
    """
    found = _results(folder, ["--static"] if static else [])
    unclean = [it for it in found if not it["clean"] and it["kind"] != "external"]
    return {it["id"]: it["level"] for it in unclean}


def counted(missing: Mapping[str, str]) -> str:
    """A sentence: how many checks are missing for each level."""
    levels = list(missing.values())
    counts = [f"{levels.count(it)} of {it}" for it in LEVELS if it in levels]
    return f"The checklist: {', '.join(counts) or 'no'} checks are not clean."


def _results(folder: Path, options: Sequence[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="checklist-") as temporary:
        report = Path(temporary) / "checklist.json"
        done = subprocess.run(
            [*_command(), *options, "--write", str(report)],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if not report.exists():
            raise ProgramError("the checklist", done.stderr)
        found: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["checks"]
        return found


def _command() -> list[str]:
    python = python_with("Checklist", _TOOL / "shipshape.lock")
    return [str(python), "-I", "-B", "-c", _START, "checklist"]
