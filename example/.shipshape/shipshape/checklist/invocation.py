"""One invocation of the checklist: what it runs and shows, and its exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import ShipshapeError
from . import level_held, output, run, subject
from .check import Kind, Level
from .output import terminal

CONFIGURATION = 3
"""The exit code where an argument, checklist.toml or a check of the team is invalid."""


def explain(id: str) -> int:
    """Print what the checks with an id are about."""
    try:
        terminal.explain(run.explained(id))
    except ShipshapeError as error:
        return _refused(error)
    return 0


def check(ids: Sequence[str], static: bool, level: str | None, files: Sequence[Path]) -> int:
    """Run the checks, show the results and write them to files."""
    kinds = {Kind.STATIC} if static else set(Kind)
    try:
        output.require_forms(files, complete=not (ids or static))
        held = level_held.read()
        report = run.run(subject.of_service(), kinds, ids)
        summary = output.summarized(report, held)
        terminal.show(summary)
        output.write(summary, files)
    except ShipshapeError as error:
        return _refused(error)
    if level:
        return report.exit_code(Level[level.upper()])
    return report.exit_code(Level.GOLD if ids else held)  # checks that are named all count


def _refused(error: ShipshapeError) -> int:
    for line in str(error).splitlines():
        print(f"error: {line}", file=sys.stderr)
    return CONFIGURATION
