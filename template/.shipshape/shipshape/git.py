"""The history of the service: commits, and the tags that make some of them releases."""

import re

from .errors import ShipshapeError
from .programs import ProgramError, run

_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


def require_history() -> None:
    """ShipshapeError in a clone without all commits and tags, where answers would be wrong."""
    if output("rev-parse", "--is-shallow-repository") == "true":
        raise ShipshapeError("this clone lacks history: run git fetch --unshallow --tags")


def releases(*selection: str) -> list[str]:
    """The versions that are tagged, newest first; `selection` is handed to git tag."""
    tags = filter(_RELEASE.fullmatch, output("tag", "--list", "v*", *selection).splitlines())
    return [tag.removeprefix("v") for tag in sorted(tags, key=_numbers, reverse=True)]


def tag(version: str) -> str:
    """The tag of a release."""
    return f"v{version}"


def name_of(commit: str) -> str:
    """The release that the commit is, such as 1.4.0, or sha-1a2b3c4 for one between releases."""
    require(commit)
    return next(iter(releases("--points-at", commit)), f"sha-{commit[:7]}")


def knows(name: str) -> bool:
    """Whether there is a commit, or a file of one, by this name."""
    try:
        output("cat-file", "-e", name)
    except ProgramError:
        return False
    return True


def require(commit: str) -> None:
    """ShipshapeError where the clone does not have the commit."""
    try:
        output("rev-parse", "--verify", "--quiet", commit + "^{commit}")
    except ProgramError:
        raise ShipshapeError(
            f"this clone does not have {commit}: run git fetch --tags origin main"
        ) from None


def is_ancestor(earlier: str, later: str) -> bool:
    """Whether `later` contains `earlier`; a commit contains itself."""
    for commit in (earlier, later):
        require(commit)
    try:
        output("merge-base", "--is-ancestor", earlier, later)
    except ProgramError as error:
        if error.status == 1:
            return False
        raise
    return True


def output(*arguments: str) -> str:
    """What git says, without the newline at its end."""
    return run("git", *arguments).strip()


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in name.removeprefix("v").split("."))
