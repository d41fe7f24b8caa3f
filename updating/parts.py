"""The parts of the template, and how their files compare with those of a service."""

import difflib
import enum
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shipshape.template import TemplateError

from .programs import names, plain_git
from .template import Template

FILE = "updating/parts.toml"


@dataclass(frozen=True)
class Part:
    """Files that are taken together, once the parts that they need are; by patterns."""

    about: str
    needs: Sequence[str]
    files: Sequence[str]
    checks: Sequence[str] = ()
    """Those of the checklist that it satisfies."""


def of_release(template: Template, release: str) -> dict[str, Part]:
    """The parts of a release; TemplateError where they cannot be read."""
    text = template.text(release, FILE)
    if text is None:
        raise TemplateError(
            f"{template.folder} has no list of the parts of {release}: name a newer "
            f"release, or run `git -C {template.folder} pull --tags`"
        )
    return {name: Part(**part) for name, part in tomllib.loads(text).items()}


class State(enum.Enum):
    """How a file of the template is found in a service."""

    MISSING = "is missing"
    SAME = "is the same"
    DIFFERENT = "differs"
    BLOCKED = "has something else in its way"

    @property
    def clashes(self) -> bool:
        return self in (State.DIFFERENT, State.BLOCKED)


@dataclass(frozen=True)
class Offer:
    """All that a release has for a service, rendered, and the patterns that the service keeps."""

    rendered: Path
    service: Path
    keep: Sequence[str]
    parts: Mapping[str, Part]

    @cached_property
    def files(self) -> list[str]:
        """All files, as paths from the root."""
        found = (path for path in self.rendered.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.rendered).as_posix() for path in found)

    @cached_property
    def part_of(self) -> dict[str, str]:
        """The part of each file."""
        return matching({name: part.files for name, part in self.parts.items()}, self.files)

    @cached_property
    def kept(self) -> set[str]:
        """The files that the service has of its own, or does without."""
        return {*matching({"keep": self.keep}, self.files)}

    @cached_property
    def untaken(self) -> set[str]:
        """The parts of which nothing is taken."""
        return {*self.part_of.values()} - {
            part for name, part in self.part_of.items() if name not in self.kept
        }

    def matched(self, pattern: str) -> set[str]:
        """The files that a single pattern matches."""
        return {*matching({"": [pattern]}, self.files)}

    def within(self, files: set[str]) -> set[str]:
        """The patterns of `keep` that match some of these files, and no other."""
        matched = {pattern: self.matched(pattern) for pattern in self.keep}
        return {pattern for pattern, found in matched.items() if found and found <= files}

    @property
    def ready(self) -> list[str]:
        """The parts that can be taken next: all that they need is."""
        return [
            name
            for name, part in self.parts.items()
            if name in self.untaken and not self.untaken & {*part.needs}
        ]

    def of(self, part: str) -> list[str]:
        """The files of a part."""
        return [name for name in self.files if self.part_of.get(name) == part]

    def state(self, name: str) -> State:
        """How a file is found in the service."""
        path = self.service / name
        above = [self.service / folder for folder in Path(name).parents]
        if (
            path.is_symlink()
            or path.is_dir()
            or any(it.is_symlink() or it.is_file() for it in above)
        ):
            return State.BLOCKED
        if not path.exists():
            return State.MISSING
        same = path.read_bytes() == (self.rendered / name).read_bytes()
        return State.SAME if same else State.DIFFERENT

    def difference(self, name: str) -> str:
        """What would have to change in the service's file to make it the template's."""
        if self.state(name) is not State.DIFFERENT:
            return f"{name} {self.state(name).value}\n"
        yours, theirs = (
            (folder / name).read_bytes().decode("utf-8", "surrogateescape").splitlines(True)
            for folder in (self.service, self.rendered)
        )
        lines = difflib.unified_diff(yours, theirs, f"yours/{name}", f"template/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def overview(self) -> str:
        """A table of the parts: which are taken, and what the others would bring."""
        rows = [["part", "taken", "missing", "same", "differ", "needs", "what it is"]]
        for name, part in self.parts.items():
            files = self.of(name)
            states = [self.state(file) for file in files]
            some = "in part" if self.kept & {*files} else "yes"
            counts = (
                states.count(State.MISSING),
                states.count(State.SAME),
                sum(state.clashes for state in states),
            )
            taken = "no" if name in self.untaken else some
            rows.append([name, taken, *map(str, counts), ", ".join(part.needs) or "-", part.about])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def matching(lists: Mapping[str, Sequence[str]], paths: Iterable[str]) -> dict[str, str]:
    """The list with a pattern that matches, for each path that has one, as git reads .gitignore."""
    owners = [owner for owner, patterns in lists.items() for _ in patterns]
    with tempfile.TemporaryDirectory(prefix="patterns-") as temporary:
        folder = Path(temporary)
        plain_git("init", "--quiet", cwd=folder)
        (folder / ".git" / "info").mkdir()
        lines = (pattern for patterns in lists.values() for pattern in patterns)
        (folder / ".git" / "info" / "exclude").write_text("\n".join(lines), "utf-8")
        check = ("check-ignore", "--no-index", "--verbose", "--stdin", "-z")
        none = 1  # the exit code where nothing matches
        found = plain_git(*check, cwd=folder, input="\0".join(paths), accept=(0, none))
    fields = names(found)  # four of each: the file of the pattern, its line, the pattern, the path
    return {
        path: owners[int(line) - 1]
        for line, pattern, path in zip(fields[1::4], fields[2::4], fields[3::4], strict=True)
        if not pattern.startswith("!")
    }
