"""Where evidence is: a file of the service with its line, and its address at the forge."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ... import git
from ...errors import ShipshapeError

_PLACE = re.compile(r"([^:]+)(?::([0-9]+))?")
_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://)?(?:[^/@]+@)?(?P<host>[\w.-]+)"
    r"(?::[0-9]+/|[:/])(?P<path>.+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Place:
    """A file of the service, and a line of it if it is about one."""

    file: str
    line: int | None


def parsed(place: str) -> Place | None:
    """None for what is no file, such as a request."""
    found = _PLACE.fullmatch(place)
    if not found or Path(found[1]).is_absolute() or not Path(found[1]).is_file():
        return None
    return Place(Path(found[1]).as_posix(), int(found[2]) if found[2] else None)


@dataclass(frozen=True)
class Repository:
    """The repository that the service is in."""

    commit: str = ""
    files: str = ""
    """The address of its files, such as https://github.com/acme/orders/blob/1a2b3c4."""
    folder: str = ""
    """The folder of the service in it, such as `services/orders/`; empty for the root."""

    def path(self, place: Place) -> str:
        """The path of a file from the root of the repository, as in an address."""
        return quote(self.folder + place.file)

    def link(self, place: Place) -> str:
        """The address of a file and a line; empty without a forge."""
        line = f"#L{place.line}" if place.line else ""
        return f"{self.files}/{self.path(place)}{line}" if self.files else ""


def repository() -> Repository:
    """The repository of the current folder; its parts are empty as far as git has none."""
    try:
        commit = git.output("rev-parse", "HEAD")
        folder = git.output("rev-parse", "--show-prefix")
    except ShipshapeError:
        return Repository()
    try:
        remote = git.output("remote", "get-url", "origin")
    except ShipshapeError:
        return Repository(commit, folder=folder)
    return Repository(commit, _files(remote, commit), folder)


def _files(remote: str, commit: str) -> str:
    """The address of the files in a browser, without the credentials of the remote."""
    found = _REMOTE.fullmatch(remote)
    if not found or remote.startswith(("/", ".", "file:")):
        return ""
    of_forge = "/-/blob/" if Path(".gitlab-ci.yml").exists() else "/blob/"
    return f"https://{found['host']}/{found['path']}{of_forge}{commit}"
