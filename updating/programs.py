"""Other programs: git, make, and the Copier that is installed in .tools/copier."""

import json
import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from shipshape.template import environment, plain_environment, run

from .environments import python_with
from .places import ROOT

# A diff that can be applied, whatever is configured.
PATCH = (
    *("--no-color", "--no-ext-diff", "--no-textconv", "--binary"),
    *("--unified=3", "--src-prefix=a/", "--dst-prefix=b/"),
)

# No hook runs in the service's repository, no program hides changes, and no check refuses them.
_UNTOUCHED = (
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.safecrlf=false"),
)

# Copier reads YAML, which Python's own library does not.
_YAML = """
import json, sys, yaml
try:
    json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout, default=str)
except yaml.YAMLError as error:
    sys.exit(" ".join(str(error).split()))
"""


def git(
    *arguments: str | Path,
    cwd: Path = ROOT,
    input: str = "",
    variables: Mapping[str, str] | None = None,
) -> str:
    """What git says of the service's repository, whose files are as people have configured it."""
    return run("git", *_UNTOUCHED, *arguments, cwd=cwd, input=input, variables=variables)


def plain_git(
    *arguments: str | Path,
    cwd: Path,
    input: str = "",
    accept: Collection[int] = (0,),
    variables: Mapping[str, str] | None = None,
) -> str:
    """What git says of a repository of our own, as nobody has configured it."""
    around = {**plain_environment(ROOT), **(variables or {})}
    return run("git", *arguments, cwd=cwd, input=input, accept=accept, around=around)


def make(target: str, folder: Path) -> tuple[bool, str]:
    """Whether a target of make passed, and all that it said."""
    # It is not a part of the make around it.
    variables = {**environment(), "MAKEFLAGS": "", "MAKELEVEL": ""}
    command = ["make", "--silent", target]
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return done.returncode == 0, done.stdout


def names(output: str) -> list[str]:
    """The names in an output of git that ends each with a zero."""
    return output.split("\0")[:-1]


def copier(*arguments: str | Path) -> str:
    """What Copier says. It is given no trust, asks nothing, and calls git."""
    return run(*copier_command(), *arguments, cwd=ROOT, around=plain_environment(ROOT))


def copier_command() -> list[str | Path]:
    """The start of a command line of Copier; its script would not survive a move of the folder."""
    return [_python_of_copier(), "-m", "copier"]


def read_yaml(text: str) -> Any:
    """What a text in YAML holds; ProgramError where it is none."""
    return json.loads(run(_python_of_copier(), "-c", _YAML, cwd=ROOT, input=text))


def _python_of_copier() -> Path:
    return python_with("Copier", Path(__file__).with_name("copier.lock"))
