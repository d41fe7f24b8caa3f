"""Fetch the newest commands of the template, and run one of them on this service.

The commands are not in the service: they are in the folder `updating` of the template. Its newest
release is fetched into .tools/template each time, so a fault in a command is fixed by the release
itself, and not one update later.
"""

import fcntl
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python3 .shipshape"
"""How people type the commands, in each message that names one."""
COMMANDS = {
    "preview": "Show what an update would change, and change nothing.",
    "update": "Take the newest release of the template.",
    "propose": "Update on a branch, and open or refresh its request.",
    "drift": "Show the template's files that differ here.",
    "parts": "List the parts of the template, taken or not.",
    "take": "Take a part of the template, or take back a file of your own.",
    "compare": "Show how files differ from the template's.",
    "keep": "Make files your own: no update changes them.",
}
"""What the template can be asked for. Its `adopt` starts from a clone of the template instead."""
ANSWERS = ".copier-answers.yml"
COPY = Path(".tools/template")
"""The clone of the template, from the root of the service."""

# What Copier accepts as an address, and git does not.
_ADDRESSES = {
    r"gh:/?(.+?)(\.git)?": r"https://github.com/\1.git",
    r"gl:/?(.+?)(\.git)?": r"https://gitlab.com/\1.git",
    r"git\+(.+)": r"\1",
}
_RELEASE = re.compile(r"v?\d+(\.\d+)*")  # no pre-release: Copier does not update to one
_HEAD = "refs/template/HEAD"

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
_EXACTLY = "surrogateescape"  # bytes that are not UTF-8 stay as they are


class TemplateError(Exception):
    """A sentence for the person who runs a command: what is wrong, and what would be right."""


class ProgramError(TemplateError):
    """A program failed. `said` is what it wrote to stderr."""

    def __init__(self, program: str, said: str) -> None:
        super().__init__(program, said)
        self.program = program
        self.said = said

    def __str__(self) -> str:
        return f"{self.program} failed: {self.reason}"

    @property
    def reason(self) -> str:
        """The most useful line: the first one that names an error, or else the last one."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        errors = [line for line in lines if re.match("(error|fatal|remote: error):", line)]
        reason = (errors[:1] or lines[-1:] or ["it does not say why"])[0]
        return re.sub(r"^(\w*Error|error|fatal|remote: error): *", "", reason)


# -- Programs -------------------------------------------------------------------------------------


def run(
    *command: str | Path,
    cwd: Path,
    input: str = "",
    accept: Collection[int] = (0,),
    around: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """The stdout of a program; ProgramError for an exit code that is not in `accept`.

    It cannot ask back, and speaks English, so that its errors can be recognised.
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
        raise TemplateError(f"{name} is needed, and not installed") from None
    said = done.stderr.decode("utf-8", "replace")
    if trust := re.search(r"git config --global --add safe\.directory (.+)", said):
        raise TemplateError(
            f"{trust[1]} belongs to another user, so git does not read it: if you trust it, "
            f"run `{trust[0]}`"
        )
    if done.returncode not in accept:
        raise ProgramError(name, said)
    return done.stdout.decode("utf-8", _EXACTLY)


def environment() -> dict[str, str]:
    """The environment, without the variables by which a hook of git finds its own repository."""
    return {name: value for name, value in os.environ.items() if name not in _of_a_repository()}


@functools.cache
def _of_a_repository() -> frozenset[str]:
    """Such variables. Settings are not among them: a job may pass a token that way."""
    command = ["git", "rev-parse", "--local-env-vars"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise TemplateError("git is needed, and not installed") from None
    return frozenset(name for name in done.stdout.split() if not name.startswith("GIT_CONFIG"))


@functools.cache
def plain_environment(service: Path) -> Mapping[str, str]:
    """The environment of programs that use git without any configuration.

    Only access to other repositories is configured as in the repository of the service.
    """
    settings = list(_PLAIN)
    for entry in run("git", "config", "--list", "--null", cwd=service).split("\0")[:-1]:
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


# -- The address ----------------------------------------------------------------------------------


def answer(text: str, name: str) -> str:
    """A text in the answers file, "" if it is missing. The standard library reads no YAML."""
    found = re.search(rf"^{name}:(.*(?:\n[ \t]+.*)*)", text, re.MULTILINE)
    value = re.sub(r"\s*\n\s*", " ", found[1]).strip() if found else ""
    if single := re.match("'((?:[^']|'')*)'", value):
        return single[1].replace("''", "'")
    if double := re.match(r'"(?:[^"\\]|\\.)*"', value):
        return str(json.loads(double[0], strict=False))
    return re.sub(r"(^|\s+)#.*", "", value)


def reachable(source: str, service: Path) -> str:
    """The address of a template as git understands it."""
    local = service / Path(source).expanduser()
    if not source.endswith(".git") and (local / "HEAD").is_file() and (local / "objects").is_dir():
        raise TemplateError(
            f"the template at {source} is a bare repository, which Copier does not read by its "
            f"path alone: write _src_path: git+file://{local} into {ANSWERS}, and commit it"
        )
    for pattern, replacement in _ADDRESSES.items():
        if re.fullmatch(pattern, source):
            return re.sub(f"^{pattern}$", replacement, source)
    return str(local) if local.is_dir() else source


# -- The copy of the template ---------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """The clone in .tools/template, and how git reaches the template."""

    folder: Path
    address: str
    environment: Mapping[str, str]

    def git(self, *arguments: str | Path, accept: Collection[int] = (0,)) -> str:
        """What git says of the clone."""
        return self._outside("-C", self.folder, *arguments, accept=accept)

    def _outside(self, *arguments: str | Path, accept: Collection[int] = (0,)) -> str:
        """What git says where there may be no clone yet."""
        cwd = self.folder.parent
        return run("git", *arguments, cwd=cwd, accept=accept, around=self.environment)

    def update(self, recorded: str) -> None:
        """Fetch everything, and check out the commands to run.

        If that fails, delete the copy and fetch again: a crash may have left half of it.
        """
        try:
            head = self._outside("ls-remote", "--quiet", "--", self.address, "HEAD")
        except ProgramError as error:
            raise TemplateError(
                f"the template at {self.address} cannot be reached: {error.reason}. Where it has "
                f"moved, write its new address as _src_path into {ANSWERS}, and commit that"
            ) from None
        try:
            self._update(recorded, bool(head))
        except ProgramError:
            shutil.rmtree(self.folder) if self.folder.is_dir() else self.folder.unlink()
            self._update(recorded, bool(head))

    def _update(self, recorded: str, has_head: bool) -> None:
        self._outside("init", "--quiet", self.folder)
        references = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        references += [f"+HEAD:{_HEAD}"] if has_head else []
        options = ("--quiet", "--prune", "--no-tags", "--update-shallow")
        self.git("fetch", *options, "--", self.address, *references)
        commands = self._commands(recorded)
        self.git("checkout", "--quiet", "--force", "--detach", commands)

    def _commands(self, recorded: str) -> str:
        """The release or commit whose commands to run.

        It is the newest release, or the default branch of a template without releases, as Copier
        chooses. A service that comes from a later commit gets the commands of that commit.
        """
        releases = [tag for tag in self.git("tag").split() if _RELEASE.fullmatch(tag)]
        numbers = {tag: [int(number) for number in re.findall(r"\d+", tag)] for tag in releases}
        newest = max(releases, key=numbers.__getitem__, default=_HEAD)
        unknown = (1, 128)  # the exit codes where there is no such commit
        verify = ("rev-parse", "--verify", "--quiet", recorded + "^{commit}")
        if commit := self.git(*verify, accept=(0, *unknown)).strip():
            count = ("rev-list", "--left-right", "--count", f"{newest}...{commit}")
            behind, ahead = map(int, self.git(*count).split())
            newest = commit if ahead and not behind else newest
        if not self.git("ls-tree", "--name-only", newest, "updating/__main__.py"):
            release = "the default branch" if newest == _HEAD else newest
            raise TemplateError(
                f"{release} of the template has no commands for this service, which is newer: "
                f"_src_path in {ANSWERS} must name a template with a newer release"
            )
        return newest


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait until no other command fetches; a lock ends with its process."""
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n", "utf-8")  # an adopted service may not ignore it
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(service: Path) -> Path:
    """The folder of the template, with the commands to run checked out."""
    try:
        answers = (service / ANSWERS).read_text("utf-8", "replace")
    except FileNotFoundError:
        raise TemplateError(
            f"there is no {ANSWERS}, which says what to update from: Copier writes it; "
            f"`git log -p -- {ANSWERS}` shows how it was, to put it back"
        ) from None
    source, recorded = answer(answers, "_src_path"), answer(answers, "_commit")
    if not source:
        raise TemplateError(
            f"{ANSWERS} lacks _src_path, the address of the template, such as "
            f"https://…/shipshape.git; `git log -p -- {ANSWERS}` shows how it was, to put it back"
        )
    address = reachable(source, service)
    with _locked(service / COPY.parent):
        template = Template(service / COPY, address, plain_environment(service))
        template.update(recorded)
    return template.folder


def main(arguments: Sequence[str]) -> int:
    """Run a command; where it cannot be fetched, print one sentence and return 2."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does
    try:
        commands = fetch(ROOT) / "updating"
    except (TemplateError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: stopped: nothing is changed here", file=sys.stderr)
        return 130
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, str(commands), *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
