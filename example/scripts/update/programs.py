"""Other programs: git, make, and the Copier that is installed in .tools/copier."""

import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .errors import UpdateError

ROOT = Path(__file__).resolve().parents[2]

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

# How git reaches other repositories: the settings and variables that our own repositories share.
_REACHING = re.compile(
    r"(credential|http|protocol|safe|ssh|url)\..+|core\.(askpass|gitproxy|sshcommand)"
)
_REACHING_VARIABLES = re.compile(
    r"GIT_(ALLOW_PROTOCOL|ASKPASS|CURL|EXEC_PATH|HTTP|PROXY|SSH|SSL|TRACE)\w*"
)

# The rest of their settings. The files are those that git reads where nothing is configured.
_PLAIN = (
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("init.templateDir", ""),
    ("user.name", "update"),
    ("user.email", "update@noreply.invalid"),
)

# Whatever bytes there are, they come out as they went in.
_EXACTLY = "surrogateescape"
_COPIER = ROOT / ".tools" / "copier" / "bin"
# Copier reads YAML, which Python's own library does not.
_YAML = """
import json, sys, yaml
try:
    json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout, default=str)
except yaml.YAMLError as error:
    sys.exit(" ".join(str(error).split()))
"""


class ProgramError(UpdateError):
    """A program failed. `said` is what it wrote to stderr."""

    def __init__(self, program: str, said: str) -> None:
        super().__init__(program, said)
        self.program = program
        self.said = said

    def __str__(self) -> str:
        return f"{self.program} failed: {self.reason}"

    @property
    def reason(self) -> str:
        """The line that tells most: the first one that names an error, or else the last one."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        errors = [line for line in lines if re.match("(error|fatal|remote: error):", line)]
        reason = (errors[:1] or lines[-1:] or ["it does not say why"])[0]
        return re.sub(r"^(\w*Error|error|fatal|remote: error): *", "", reason)


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    input: str = "",
    accept: Collection[int] = (0,),
    around: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """What a program writes to stdout; ProgramError for an exit code that is not in `accept`.

    It cannot ask back, and speaks English, so that its errors can be told apart.
    """
    around = environment() if around is None else around
    silent = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            input=input.encode("utf-8", _EXACTLY),
            env={**around, **silent, **(variables or {})},
            capture_output=True,
        )
    except FileNotFoundError:
        raise UpdateError(f"{name} is needed, and not installed") from None
    said = done.stderr.decode("utf-8", "replace")
    if trust := re.search(r"git config --global --add safe\.directory (.+)", said):
        raise UpdateError(
            f"{trust[1]} belongs to another user, so git does not read it: if you trust it, "
            f"run `{trust[0]}`"
        )
    if done.returncode not in accept:
        raise ProgramError(name, said)
    return done.stdout.decode("utf-8", _EXACTLY)


def environment() -> dict[str, str]:
    """The variables around us, but for those by which a hook of git finds its own repository."""
    return {name: value for name, value in os.environ.items() if name not in _of_a_repository()}


@functools.cache
def _of_a_repository() -> frozenset[str]:
    """Such variables. Settings are none of them: a job may give a token that way."""
    command = ["git", "rev-parse", "--local-env-vars"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise UpdateError("git is needed, and not installed") from None
    return frozenset(name for name in done.stdout.split() if not name.startswith("GIT_CONFIG"))


@functools.cache
def plain_environment() -> Mapping[str, str]:
    """The variables around us for programs that use git as nobody has configured it.

    Only how it reaches other repositories is as people, jobs or the service's repository have it.
    """
    settings = list(_PLAIN)
    for entry in names(run("git", "config", "--list", "--null")):
        name, has_value, value = entry.partition("\n")
        if _REACHING.fullmatch(name):
            settings.append((name, value if has_value else "true"))
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or _REACHING_VARIABLES.fullmatch(name)
    }
    variables |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    variables |= {"GIT_ATTR_NOSYSTEM": "1", "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


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
    around = {**plain_environment(), **(variables or {})}
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
    return run(*of_copier("copier"), *arguments, around=plain_environment())


def read_yaml(text: str) -> Any:
    """What a text in YAML holds; ProgramError where it is none."""
    return json.loads(run(*of_copier("python"), "-c", _YAML, input=text))


def of_copier(name: str) -> list[str | Path]:
    """The command for a program of Copier's: installed by `make`, or where that is not, by uv."""
    installed = _COPIER / name
    return [installed if installed.exists() else _copier_by_uv() / name]


@functools.cache
def _copier_by_uv() -> Path:
    """The programs of Copier's lock, as `make` would install them, until this process ends.

    uvx would be shorter, and leaves the hashes of a lock unverified.
    """
    if not shutil.which("uv"):
        raise UpdateError(
            "Copier is not installed: `make update-preview` installs it, or uv, once you have that"
        )
    temporary = tempfile.TemporaryDirectory(prefix="copier-")
    atexit.register(temporary.cleanup)
    folder = Path(temporary.name) / "venv"
    programs, lock = folder / "bin", Path(__file__).with_name("copier.lock")
    try:
        run("uv", "venv", "--quiet", "--python", sys.executable, folder)
        locked = ("--python", programs / "python", "--require-hashes", lock)
        run("uv", "pip", "sync", "--quiet", *locked)
    except ProgramError as error:
        raise UpdateError(f"uv cannot install Copier as it is locked: {error.reason}") from None
    return programs
