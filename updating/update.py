"""`update`: the newest release of the template, as a change that is left to be committed."""

import os
import signal
from argparse import Namespace
from pathlib import Path

from shipshape.template import ProgramError, TemplateError

from .attempt import Attempt, attempted
from .places import ROOT
from .programs import git
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
    conflicts = len(attempt.merge.conflicts)
    if conflicts:
        print(
            _RESOLVE.rstrip().format(
                count="1 file is" if conflicts == 1 else f"{conflicts} files are"
            )
        )
    print(_NEXT.rstrip())
    return 1 if conflicts else 0


def take(attempt: Attempt, folder: Path = ROOT) -> None:
    """Bring an update into the service: all of it or, where a file is in its way, nothing."""
    if in_the_way := _in_the_way(attempt, folder):
        raise TemplateError(
            "the template adds files that are here already, and ignored by git: "
            f"move {', '.join(in_the_way)} away, then update"
        )
    try:
        git("unpack-objects", "-q", cwd=folder, input=attempt.bench.packed(attempt.merge))
        git("read-tree", "-m", "-u", "HEAD", attempt.merge.tree, cwd=folder)
        git("update-index", "-z", "--index-info", cwd=folder, input=attempt.merge.index_info)
    except ProgramError:
        git("reset", "--quiet", "--hard", cwd=folder)
        for name in attempt.files("A"):
            (folder / name).unlink(missing_ok=True)
        raise


def _in_the_way(attempt: Attempt, folder: Path) -> list[str]:
    """What is where the update adds files, or the folders for them, and is not in git."""
    committed = attempt.bench.entries(attempt.ours)
    found = set()
    for name in attempt.files("A"):
        above = [it for it in Path(name).parents if (folder / it).is_file()]
        found |= {it.as_posix() for it in above} - committed.keys()
        if os.path.lexists(folder / name):
            found.add(name)
    return sorted(found)


def _see_it_through() -> None:
    """Let nobody stop the rest, git included, which takes a moment; who tries to is ignored."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
