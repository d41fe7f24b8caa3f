"""The next version and its notes, out of the conventional commits since the last release.

commitizen reads them, as the hook for commit messages does. Versions are tags and stand in no file.
"""

from pathlib import Path

from .. import git
from ..errors import ShipshapeError
from ..programs import ProgramError, run

_COMMITIZEN = Path(".venv/bin/cz")
_NOTHING_NEW = {3, 21}  # commitizen's exit codes: no commit at all, none that is released for


def next_version(bump: str) -> str:
    """The version that comes next, such as 1.4.0. `bump` is auto, patch, minor or major."""
    git.require_history()
    if released := git.releases("--points-at", "HEAD"):
        raise ShipshapeError(f"there is nothing to release: this commit is {released[0]}")
    increment = () if bump == "auto" else ("--increment", bump.upper())
    try:
        version = _cz("bump", "--get-next", "--yes", *increment).strip()
    except ProgramError as error:
        if error.status not in _NOTHING_NEW:
            raise
        raise ShipshapeError(
            "there is nothing to release: no feat, fix, refactor or perf since the last release; "
            "name a bump, such as --bump patch, to release all the same"
        ) from None
    if version in git.releases():
        raise ShipshapeError(f"{version} was released from a commit that this one does not contain")
    return version


def notes(version: str) -> str:
    """What the version changes for its users, in Markdown."""
    git.require_history()
    tag = git.tag(version)
    if version in git.releases():
        return _cz("changelog", "--dry-run", tag)
    since = [git.tag(earlier) for earlier in git.releases("--merged", "HEAD")[:1]]
    start = ("--start-rev", *since) if since else ()
    return _cz("changelog", "--dry-run", "--unreleased-version", tag, *start)


def _cz(*arguments: str) -> str:
    if not _COMMITIZEN.exists():
        raise ShipshapeError("commitizen is needed, and not installed: run make install")
    return run(str(_COMMITIZEN), *arguments)
