"""The dynamic checks of an installed service, which may be broken on purpose."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tool.checklist.mutating import Change

from .conftest import run, without_make

_PROGRAM = """
import json, sys
sys.path.insert(0, ".shipshape")
from shipshape.checklist import run, subject
from shipshape.checklist.check import Kind
report = run.run(subject.of_service(), {Kind.DYNAMIC}, sys.argv[1:])
found = [(it.check.id, it.status, [str(each) for each in it.evidence]) for it in report.results]
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Found:
    """What a check found."""

    status: str
    evidence: Sequence[str]


def dynamic(service: Path, *ids: str, **variables: str) -> dict[str, Found]:
    """The results of the dynamic checks with these ids, or of all."""
    done = subprocess.run(
        [".tools/shipshape/bin/python", "-c", _PROGRAM, *ids],
        cwd=service,
        env={**without_make(dict(os.environ)), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return {id: Found(status, evidence) for id, status, evidence in json.loads(done.stdout)}


def unclean(found: dict[str, Found]) -> dict[str, Found]:
    """Those that hold the service back."""
    clean = ("pass", "waived", "not applicable")
    return {id: it for id, it in found.items() if it.status not in clean}


@contextmanager
def broken(service: Path, change: Change) -> Iterator[None]:
    """Break the service, until the end."""
    change(service)
    try:
        yield
    finally:
        run(service, "git", "checkout", "--quiet", "--", ".")
        run(service, "git", "clean", "--quiet", "--force", "-d")
