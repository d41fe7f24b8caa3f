"""Hold the API to what callers were promised: `python scripts/contract.py COMMIT`.

Compares schema/openapi.yaml with the one of a commit, and fails where a change would break callers.
A break that is wanted is declared by its line in schema/accepted-breaks.txt, so that a reviewer
sees it. A line counts for the change that adds it, and for none after it.

oasdiff compares; it comes as an image, or is the program that the variable OASDIFF names.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCHEMA = "schema/openapi.yaml"
ACCEPTED = "schema/accepted-breaks.txt"
# Within the project, for that is what the Docker of a CI job sees of its files.
BEFORE = ROOT / ".venv" / "contract"
IMAGE = (
    "tufin/oasdiff:v1.28.0"
    "@sha256:86830f988eaafcf589acb2794ee5ab78e3300ded071d6517bf085469300cbf36"
)
ERROR = 3  # of oasdiff's levels; a warning may break a caller, and is up to the reviewer
NO_COMMIT = "0" * 40  # what a forge names before the first commit of a branch


class ContractError(Exception):
    """A sentence that says why there is no comparison, or what it found."""


def git(*arguments: str) -> bytes:
    """What git says of this repository."""
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise ContractError("git is needed to find the schema of a commit: install it") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace")
        if trust := re.search(r"git config --global --add safe\.directory (.+)", said):
            raise ContractError(
                f"{trust[1]} belongs to another user, so git does not read it: if you trust it, "
                f"run `{trust[0]}`"
            ) from None
        raise


def known(name: str) -> bool:
    """Whether git knows a commit, or a file of one, by this name."""
    try:
        git("cat-file", "-e", name)
    except subprocess.CalledProcessError:
        return False
    return True


def check_out(commit: str) -> None:
    """Lay the schema of a commit out in BEFORE."""
    shutil.rmtree(BEFORE, ignore_errors=True)
    BEFORE.mkdir(parents=True)
    archive = git("archive", "--format=zip", commit, "schema")
    zipfile.ZipFile(io.BytesIO(archive)).extractall(BEFORE)


def oasdiff() -> list[str]:
    """The command that runs oasdiff in this folder."""
    if program := os.environ.get("OASDIFF"):
        return [program]
    folder = ["--volume", f"{ROOT}:/service:ro", "--workdir", "/service"]
    return ["docker", "run", "--rm", "--network", "none", *folder, IMAGE]


def breaks() -> list[str]:
    """What breaks callers, each as one line: method, path, and what changed."""
    before = (BEFORE / SCHEMA).relative_to(ROOT)
    command = [*oasdiff(), "breaking", "--format", "json", before.as_posix(), SCHEMA]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        raise ContractError(
            f"{command[0]} cannot be run: oasdiff compares the schemas, by Docker or as the "
            "program that the variable OASDIFF names"
        ) from None
    if done.returncode:
        raise ContractError(f"oasdiff could not compare the schemas: {done.stderr.strip()}")
    return [
        " ".join(filter(None, (it.get("operation"), it.get("path"), it["text"])))
        for it in json.loads(done.stdout)
        if it["level"] >= ERROR
    ]


def declared(commit: str) -> Counter[str]:
    """The breaks that are declared since a commit."""
    now = ROOT / ACCEPTED
    lines = Counter(now.read_text("utf-8").splitlines() if now.exists() else ())
    if known(f"{commit}:{ACCEPTED}"):
        lines -= Counter(git("show", f"{commit}:{ACCEPTED}").decode("utf-8").splitlines())
    return lines


def check(commit: str) -> str:
    """Compare with a commit; what there is to say where nothing breaks undeclared."""
    if commit == NO_COMMIT:
        return "there is no commit before this one to compare the schema with"
    if not known(f"{commit}^0"):
        raise ContractError(
            f"there is no commit {commit!r} to compare {SCHEMA} with: fetch it, or name "
            "another one, as in `make contract base=origin/main`"
        )
    if not known(f"{commit}:{SCHEMA}"):
        return f"{SCHEMA} is new since {commit}"
    check_out(commit)
    found, accepted = breaks(), declared(commit)
    undeclared = [line for line in found if line not in accepted]
    if undeclared:
        lines = "".join(f"  {line}\n" for line in undeclared)
        raise ContractError(
            f"this breaks those who call the API:\n{lines}"
            f"keep what they rely on, or agree with them and add the lines to {ACCEPTED}"
        )
    return f"the API keeps what it promised at {commit}; declared breaks: {len(found)}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0] or arguments[0].startswith("-"):
        print("error: name a commit, as in `make contract base=origin/main`", file=sys.stderr)
        return 2
    try:
        print(check(arguments[0]))
    except ContractError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
