"""Files that are generated from others, and are committed."""

import sys
from collections.abc import Mapping
from pathlib import Path

import typer


def stale(files: Mapping[Path, str]) -> list[Path]:
    """The files whose text is another than it should be."""
    return [
        path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text
    ]


def update(files: Mapping[Path, str], *, check: bool, command: str) -> None:
    """Write the stale files. With `check`, name them and end with exit code 1 instead."""
    found = stale(files)
    for path in found:
        if check:
            print(f"error: {path} is stale: run `{command}`", file=sys.stderr)
        else:
            path.write_text(files[path], "utf-8")
    if check and found:
        raise typer.Exit(1)
