"""Earlier versions of the schema, which callers rely on."""

import os
import re
from pathlib import Path

from ... import git

_BRANCHES = ("origin/HEAD", "origin/main", "origin/master")
_PIPELINES = (".github/workflows/*.y*ml", ".gitlab-ci.yml", ".gitlab/ci/*.yml")
_COMPARES = re.compile(r"\bmake contract\b|\bshipshape contract\b|\boasdiff\b")


def base() -> str | None:
    """What a change is compared with: main, or else the last release; None before the first."""
    if not git.knows("HEAD"):
        return None
    of_pipeline = os.environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    for name in filter(None, (of_pipeline, *_BRANCHES)):
        if git.knows(f"{name}^0"):
            return name
    git.require_history()
    return next((git.tag(it) for it in git.releases("--merged", "HEAD")), None)


def is_changed(file: Path, commit: str) -> bool:
    """Whether a file that was there in a commit is another one now."""
    return git.knows(f"{commit}:./{file.as_posix()}") and bool(
        git.output("diff", "--name-only", commit, "--", str(file))
    )


def compared_at() -> str | None:
    """The line of a pipeline that compares the schema with the one before."""
    for path in (path for pattern in _PIPELINES for path in sorted(Path().glob(pattern))):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if _COMPARES.search(line):
                return f"{path}:{number}"
    return None
