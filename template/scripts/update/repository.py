"""The repository of the service: whether an update may begin, and a second folder to try it in."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UpdateError
from .programs import ROOT, ProgramError, git

_UNFINISHED = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


def require_clean(folder: Path = ROOT) -> None:
    """UpdateError where an update could not be told from other changes, or not be undone."""
    try:
        top = Path(git("rev-parse", "--show-toplevel", cwd=folder).strip())
    except ProgramError:
        raise UpdateError(
            f"{folder} is in no git repository, so an update could not be undone: "
            "run git init, and commit all there is"
        ) from None
    if top.resolve() != folder:
        raise UpdateError(
            f"{folder} is a part of the repository {top}: updates need one of its own"
        )
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder)
    except ProgramError:
        raise UpdateError("nothing is committed yet: commit all there is, then update") from None
    for name, what in _UNFINISHED.items():
        if (folder / git("rev-parse", "--git-path", name, cwd=folder).strip()).exists():
            raise UpdateError(f"{what} is not finished: finish or abort it, then update")
    if changed := git("status", "--porcelain", cwd=folder).splitlines():
        shown = ", ".join(line[3:] for line in changed[:5]) + (", …" if len(changed) > 5 else "")
        raise UpdateError(f"there are changes that are not committed: commit or stash {shown}")


def branch() -> str:
    """The branch that is checked out; UpdateError where it is a commit alone."""
    try:
        return git("symbolic-ref", "--short", "--quiet", "HEAD").strip()
    except ProgramError:
        raise UpdateError(
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
