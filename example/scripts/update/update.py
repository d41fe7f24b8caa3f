"""`update`: the newest release of the template, as a change that is left to be committed."""

import signal
from argparse import Namespace

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
        text = report(attempt)
        _see_it_through()
        take(attempt)
        print(text)
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


def _see_it_through() -> None:
    """Let nobody stop the rest, git included, which takes a moment; who tries to is ignored."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
