"""Files that are generated from others, and are committed."""

from collections.abc import Mapping
from pathlib import Path


def stale(files: Mapping[Path, str]) -> list[Path]:
    """The files whose text is another than it should be."""
    return [
        path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text
    ]


def update(files: Mapping[Path, str]) -> None:
    """Write the stale files."""
    for path in stale(files):
        path.write_text(files[path], "utf-8")
