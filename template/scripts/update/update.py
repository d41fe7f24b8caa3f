"""`update`: the newest release of the template, as a change that is left to be committed."""

import signal
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from .attempt import Attempt, attempted
from .errors import UpdateError
from .programs import ROOT, ProgramError, git
from .report import report

_RESOLVE = """
{count} in conflict. Between the markers stand your lines, then the template's: choose, and
`git add` the file. `git checkout --ours FILE` takes all of yours, `--theirs` all of the template's.
"""
_NEXT = """
Next: `make lock install generate check`, then commit. `git reset --hard` takes the update back.
"""


def run(given: Namespace) -> int:
    with attempted(given.data) as attempt:
        if attempt is None:
            print("this is the newest release of the template: nothing to update")
            return 0
        with _uninterrupted():
            take(attempt)
        print(report(attempt))
    conflicts = len(attempt.conflicts)
    if conflicts:
        print(
            _RESOLVE.rstrip().format(
                count="1 file is" if conflicts == 1 else f"{conflicts} files are"
            )
        )
    print(_NEXT.rstrip())
    return 1 if conflicts else 0


def take(attempt: Attempt) -> None:
    """Bring an update into the service: all of it or, where a file is in its way, nothing."""
    added = attempt.files("A")
    if in_the_way := [name for name in added if (ROOT / name).exists()]:
        raise UpdateError(
            "the template adds files that are here already, and ignored by git: "
            f"move {', '.join(in_the_way)} away, then update"
        )
    try:
        git("read-tree", "-m", "-u", "HEAD", attempt.tree)
        if attempt.conflicts:
            removed = "".join(f"0 {'0' * 40}\t{name}\0" for name in attempt.conflicts)
            git("update-index", "-z", "--index-info", input=removed + attempt.unmerged)
    except ProgramError:
        git("reset", "--quiet", "--hard")
        for name in added:
            (ROOT / name).unlink(missing_ok=True)
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let nobody stop what is under way, git included; who tried to is ignored."""
    stops = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, signal.SIG_IGN) for each in stops}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
