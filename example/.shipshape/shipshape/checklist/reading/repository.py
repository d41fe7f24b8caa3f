"""The text files of the repository, ignored ones and the template's commands left out."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ...errors import ShipshapeError

_GREP = ("git", "grep", "--no-index", "--exclude-standard", "-I", "--extended-regexp", "--null")


@dataclass(frozen=True)
class Line:
    """A line of a file."""

    path: Path
    number: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.number}"


def grep(pattern: str, *paths: str) -> list[Line]:
    """The lines that match, in all files or in those that match pathspecs of git."""
    found = []
    for match in _lines("--line-number", "-e", pattern, "--", *_scope(paths)):
        path, number, text = match.split("\0", 2)
        found.append(Line(Path(path), int(number), text.strip()))
    return found


def files_with(pattern: str, *paths: str) -> list[Path]:
    """The files that have a line that matches, sorted."""
    found = _git("--files-with-matches", "-e", pattern, "--", *_scope(paths))
    return sorted(Path(path) for path in found.split("\0") if path)


def _scope(paths: tuple[str, ...]) -> tuple[str, ...]:
    return (*(paths or (".",)), ":!.shipshape")


def _lines(*arguments: str) -> list[str]:
    return _git(*arguments).splitlines()


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run([*_GREP, *arguments], capture_output=True, text=True)
    except OSError as error:
        raise ShipshapeError(f"git is needed, and cannot be run: {error.strerror}") from None
    if done.returncode > 1:
        raise ShipshapeError(f"git cannot search the repository: {done.stderr.strip()}")
    return done.stdout
