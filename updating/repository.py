"""The repository of the service: whether an update may begin, and a second folder to propose in."""

import os
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shipshape.template import ProgramError, TemplateError

from .places import ROOT
from .programs import git, names

_UNFINISHED = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


def require_clean(folder: Path = ROOT) -> None:
    """TemplateError where an update could not be told from other changes, or not be undone."""
    try:
        top = Path(git("rev-parse", "--show-toplevel", cwd=folder).strip())
    except ProgramError:
        raise TemplateError(
            f"{folder} is in no git repository, so an update could not be undone: "
            "run git init, and commit all there is"
        ) from None
    if top.resolve() != folder:
        raise TemplateError(
            f"{folder} is a part of the repository {top}: updates need one of its own"
        )
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder)
    except ProgramError:
        raise TemplateError("nothing is committed yet: commit all there is, then update") from None
    for name, what in _UNFINISHED.items():
        if (folder / git("rev-parse", "--git-path", name, cwd=folder).strip()).exists():
            raise TemplateError(f"{what} is not finished: finish or abort it, then update")
    status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
    if changed := [entry[3:] for entry in names(git(*status, cwd=folder))]:
        raise TemplateError(
            f"there are changes that are not committed: commit or stash {_some(changed)}"
        )
    for option, overlooked in _overlooked(folder).items():
        raise TemplateError(
            f"git was told to overlook changes in {_some(overlooked)}, so an update could lose "
            f"them: run `git update-index {option} {shlex.join(overlooked)}`"
        )


def _overlooked(folder: Path) -> dict[str, list[str]]:
    """The files whose changes git does not look for, by the option that makes it look."""
    found: dict[str, list[str]] = {}
    for entry in names(git("ls-files", "-v", "-z", cwd=folder)):
        mark, name = entry[0], entry[2:]
        if mark.upper() == "S" and os.path.lexists(folder / name):  # checked out nevertheless
            found.setdefault("--no-skip-worktree", []).append(name)
        elif mark.islower():
            found.setdefault("--no-assume-unchanged", []).append(name)
    return found


def _some(files: Sequence[str]) -> str:
    """The first files of a list that may be long."""
    return ", ".join(files[:5]) + (", …" if len(files) > 5 else "")


def branch() -> str:
    """The branch that is checked out; TemplateError where it is a commit alone."""
    try:
        return git("symbolic-ref", "--short", "--quiet", "HEAD").strip()
    except ProgramError:
        raise TemplateError(
            "no branch is checked out (HEAD is detached): switch to the one that the update is "
            "for, as in `git switch main`"
        ) from None


@contextmanager
def worktree() -> Iterator[Path]:
    """All that is committed, in a folder that is gone afterwards, whatever happens in it."""
    with tempfile.TemporaryDirectory(prefix="update-") as temporary:
        folder = Path(temporary).resolve() / ROOT.name
        try:
            git("worktree", "add", "--quiet", "--detach", folder)
            yield folder
        finally:
            if folder.exists():
                git("worktree", "remove", "--force", folder)
