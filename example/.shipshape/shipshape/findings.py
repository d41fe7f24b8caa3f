"""What a check finds, at the terminal."""

import sys
from collections.abc import Iterable

import typer


def report(findings: Iterable[str]) -> None:
    """Print each finding as an error, and end with exit code 1 if there is one."""
    found = list(findings)
    for finding in found:
        print(f"error: {finding}", file=sys.stderr)
    if found:
        raise typer.Exit(1)
