"""Hold the API to what callers were promised.

Compares schema/openapi.yaml with the one of a commit, and fails where a change would break callers.
A break that is wanted is declared by its line in schema/accepted-breaks.txt, so that a reviewer
sees it. A line counts for the change that adds it, and for none after it.

oasdiff compares; it comes as an image, or is the program that the variable OASDIFF names.
"""

import json
import os
import shutil
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

from . import git
from .errors import ShipshapeError
from .files import SCHEMA

ACCEPTED = "schema/accepted-breaks.txt"
# Within the project, for that is what the Docker of a CI job sees of its files.
BEFORE = Path(".venv/contract")
IMAGE = (
    "tufin/oasdiff:v1.28.0"
    "@sha256:86830f988eaafcf589acb2794ee5ab78e3300ded071d6517bf085469300cbf36"
)
ERROR = 3  # of oasdiff's levels; a warning may break a caller, and is up to the reviewer
NO_COMMIT = "0" * 40  # what a forge names before the first commit of a branch


def check_out(commit: str) -> None:
    """Lay the schema of a commit out in BEFORE."""
    shutil.rmtree(BEFORE, ignore_errors=True)
    BEFORE.mkdir(parents=True)
    archive = BEFORE / "schema.zip"
    git.output("archive", "--format=zip", f"--output={archive}", commit, "schema")
    zipfile.ZipFile(archive).extractall(BEFORE)


def oasdiff() -> list[str]:
    """The command that runs oasdiff in this folder."""
    if program := os.environ.get("OASDIFF"):
        return [program]
    folder = ["--volume", f"{Path.cwd()}:/service:ro", "--workdir", "/service"]
    return ["docker", "run", "--rm", "--network", "none", *folder, IMAGE]


def can_compare() -> bool:
    """Whether oasdiff is there."""
    return shutil.which(oasdiff()[0]) is not None


def breaks(commit: str) -> list[str]:
    """What breaks callers since a commit, each as one line: method, path, and what changed."""
    check_out(commit)
    before = BEFORE / SCHEMA
    command = [*oasdiff(), "breaking", "--format", "json", before.as_posix(), SCHEMA.as_posix()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        raise ShipshapeError(
            f"{command[0]} cannot be run: oasdiff compares the schemas, by Docker or as the "
            "program that the variable OASDIFF names"
        ) from None
    if done.returncode:
        raise ShipshapeError(f"oasdiff could not compare the schemas: {done.stderr.strip()}")
    return [
        " ".join(filter(None, (it.get("operation"), it.get("path"), it["text"])))
        for it in json.loads(done.stdout)
        if it["level"] >= ERROR
    ]


def declared(commit: str) -> Counter[str]:
    """The breaks that are declared since a commit."""
    now = Path(ACCEPTED)
    lines = Counter(now.read_text("utf-8").splitlines() if now.exists() else ())
    if git.knows(f"{commit}:./{ACCEPTED}"):
        lines -= Counter(git.output("show", f"{commit}:./{ACCEPTED}").splitlines())
    return lines


def undeclared(found: list[str], commit: str) -> list[str]:
    """Those of the breaks that are not declared since a commit."""
    accepted = declared(commit)
    return [line for line in found if line not in accepted]


def check(commit: str) -> str:
    """Compare with a commit; what there is to say where nothing breaks undeclared."""
    if commit == NO_COMMIT:
        return "there is no commit before this one to compare the schema with"
    if not git.knows(f"{commit}^0"):
        raise ShipshapeError(
            f"there is no commit {commit!r} to compare {SCHEMA} with: fetch it, or name "
            "another one, as in `make contract base=origin/main`"
        )
    if not git.knows(f"{commit}:./{SCHEMA}"):
        return f"{SCHEMA} is new since {commit}"
    found = breaks(commit)
    if unexpected := undeclared(found, commit):
        lines = "".join(f"  {line}\n" for line in unexpected)
        raise ShipshapeError(
            f"this breaks those who call the API:\n{lines}"
            f"keep what they rely on, or agree with them and add the lines to {ACCEPTED}"
        )
    return f"the API keeps what it promised at {commit}; declared breaks: {len(found)}"
