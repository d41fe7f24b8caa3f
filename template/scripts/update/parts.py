"""The parts of the template, and how the files of a service compare with them."""

import difflib
import enum
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import UpdateError
from .programs import git, run

FILE = "scripts/update/parts.toml"


@dataclass(frozen=True)
class Part:
    """Files that are taken together, once the parts that they need are."""

    about: str
    needs: Sequence[str]
    files: Sequence[str]


class State(enum.Enum):
    """How a file of the template is found in a service."""

    MISSING = "is missing"
    SAME = "is the same"
    DIFFERENT = "differs"
    BLOCKED = "has something else in its way"


def read(rendered: Path) -> dict[str, Part]:
    """The parts that a rendered template has."""
    try:
        text = (rendered / FILE).read_text("utf-8")
    except FileNotFoundError:
        raise UpdateError(
            "this release of the template has no parts yet: update to a newer one first"
        ) from None
    return {name: Part(**part) for name, part in tomllib.loads(text).items()}


def files(rendered: Path) -> list[str]:
    """All files of a rendered template, from its root."""
    found = (path for path in rendered.rglob("*") if path.is_file())
    return sorted(path.relative_to(rendered).as_posix() for path in found)


def matching(lists: Mapping[str, Sequence[str]], names: Iterable[str]) -> dict[str, str]:
    """The list whose patterns match a name, for each that one does. Git matches, as in .gitignore."""
    owners = [owner for owner, patterns in lists.items() for _ in patterns]
    with tempfile.TemporaryDirectory() as folder:
        git("init", "--quiet", cwd=Path(folder))
        lines = (pattern for patterns in lists.values() for pattern in patterns)
        (Path(folder) / ".git" / "info").mkdir(exist_ok=True)
        (Path(folder) / ".git" / "info" / "exclude").write_text("\n".join(lines), "utf-8")
        command = ("git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "--stdin")
        # 1 says that none matches.
        said = run(
            *command, "-z", "--verbose", cwd=Path(folder), input="\0".join(names), accept=(0, 1)
        )
    fields = said.split("\0")[:-1]
    matches = zip(fields[1::4], fields[2::4], fields[3::4])
    return {name: owners[int(line) - 1] for line, pattern, name in matches if pattern[0] != "!"}


def state(rendered: Path, service: Path, name: str) -> State:
    """How a file of the template is found in a service."""
    path = service / name
    folders = [service / folder for folder in Path(name).parents]
    if path.is_symlink() or path.is_dir() or any(it.is_symlink() or it.is_file() for it in folders):
        return State.BLOCKED
    if not path.exists():
        return State.MISSING
    same = path.read_bytes() == (rendered / name).read_bytes()
    return State.SAME if same else State.DIFFERENT


def difference(rendered: Path, service: Path, name: str) -> str:
    """What would have to change in a file of a service to make it the template's."""
    yours, theirs = (
        (folder / name).read_text("utf-8", "replace").splitlines(keepends=True)
        for folder in (service, rendered)
    )
    lines = difflib.unified_diff(yours, theirs, f"yours/{name}", f"template/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def overview(rendered: Path, service: Path, keep: Sequence[str]) -> str:
    """A table of the parts: which are taken, and what the others would bring."""
    parts = read(rendered)
    names = files(rendered)
    part_of = matching({name: part.files for name, part in parts.items()}, names)
    kept = matching({"keep": keep}, names)
    rows = [("part", "taken", "missing", "same", "differ", "needs", "what it is")]
    for name, part in parts.items():
        own = [file for file in names if part_of.get(file) == name]
        if not own:
            continue
        states = [state(rendered, service, file) for file in own]
        left = [file for file in own if file in kept]
        taken = "no" if left == own else "in part" if left else "yes"
        differ = states.count(State.DIFFERENT) + states.count(State.BLOCKED)
        counts = (states.count(State.MISSING), states.count(State.SAME), differ)
        rows.append((name, taken, *map(str, counts), ", ".join(part.needs) or "-", part.about))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
