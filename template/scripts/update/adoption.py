"""Taking a service under the template part by part: `parts`, `take`, `compare` and `keep`.

What is not taken stands in the answer `keep`, which each copy and each update leaves alone.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import answers, parts
from .errors import UpdateError
from .parts import State
from .programs import ROOT, copier, git, run
from .repository import require_clean
from .template import cloned

_COMMAND = "python3 -m scripts.update"


@contextmanager
def rendered(given: answers.Answers) -> Iterator[Path]:
    """All that the recorded release gives for the recorded answers, kept or not."""
    with cloned(given) as template, tempfile.TemporaryDirectory(prefix="update-") as temporary:
        folder = Path(temporary) / ROOT.name
        template.copy(given.release, {**given.given, "keep": []}, folder)
        yield folder


def show(_: argparse.Namespace) -> int:
    """`parts`: what is taken, what is not, what is next."""
    given = answers.read(ROOT)
    keep = kept(given)
    with rendered(given) as template:
        print(parts.overview(template, ROOT, keep))
        names = parts.files(template)
        part_of = _part_of(template, names)
        own = set(parts.matching({"keep": keep}, names))
        untaken = _untaken(part_of, own)
        yours = sorted(
            name
            for name in own
            if part_of.get(name) not in untaken
            and parts.state(template, ROOT, name) is not State.MISSING
        )
        if yours:
            print("\nYour own, in parts that are taken:", *yours, sep="\n    ")
            print(f"{_COMMAND} compare {yours[0]} shows how one differs, take {yours[0]} merges it.")
        if ready := _ready(template, untaken):
            print(f"\nNext: {_COMMAND} take {ready[0]} --preview")
    return 0


def compare(options: argparse.Namespace) -> int:
    """`compare`: how files of the service differ from the template's."""
    given = answers.read(ROOT)
    with rendered(given) as template:
        known = parts.files(template)
        for name in options.paths:
            _require_known(name, known)
            print(_shown(template, name), end="")
    return 0


def keep(options: argparse.Namespace) -> int:
    """`keep`: files are the service's own from now on."""
    given = answers.read(ROOT)
    for pattern in options.patterns:
        if not pattern.startswith("/"):
            raise UpdateError(f"{pattern} must start with a slash, as in {_COMMAND} keep /Makefile")
    wanted = sorted({*kept(given), *options.patterns})
    (ROOT / answers.FILE).write_text(with_keep(given, wanted), "utf-8")
    print(f"no update touches {' '.join(options.patterns)} any more, once {answers.FILE} is committed")
    return 0


def take(options: argparse.Namespace) -> int:
    """`take`: a part, or a single file, becomes the template's."""
    if not options.preview:
        require_clean()
    given = answers.read(ROOT)
    with rendered(given) as template:
        wanted, patterns = _wanted(template, kept(given), options.what)
        mine = _mine(template, wanted, options.keep_mine)
        states = {name: parts.state(template, ROOT, name) for name in wanted if name not in mine}
        if options.preview:
            _preview(template, states, mine)
            return 0
        _require_mergeable(states)
        remaining = sorted({*kept(given)} - patterns | {f"/{name}" for name in mine})
        text = with_keep(given, remaining)
        with _all_or_nothing(name for name, it in states.items() if it is State.MISSING):
            conflicts = _merge(template, states)
            (ROOT / answers.FILE).write_text(text, "utf-8")
    added = sum(it is State.MISSING for it in states.values())
    print(f"took {options.what}: {added} files are added, {len(conflicts)} are in conflict")
    if conflicts:
        print(*conflicts, sep="\n    ")
        print("Both versions are in them. Edit each, `git add` it, then commit all of it.")
        return 1
    print("Look at `git status`, run the tests, and commit.")
    return 0


def kept(given: answers.Answers) -> list[str]:
    """The patterns of what the service has of its own, or does without."""
    found = given.given.get("keep") or []
    if not isinstance(found, list) or not all(isinstance(it, str) for it in found):
        raise UpdateError(f"keep in {answers.FILE} must be a list of patterns, such as [/Makefile]")
    return found


def with_keep(given: answers.Answers, keep: Sequence[str]) -> str:
    """The answers file with another `keep`, written by Copier."""
    with tempfile.TemporaryDirectory(prefix="update-") as temporary:
        data, folder = Path(temporary) / "answers.json", Path(temporary) / ROOT.name
        data.write_text(json.dumps({**given.given, "keep": keep}), "utf-8")
        options = (f"--data-file={data}", f"--vcs-ref={given.release}")
        alone = ("--exclude=*", f"--exclude=!/{answers.FILE}")
        copier("copy", "--quiet", "--defaults", *options, *alone, given.source, folder)
        return (folder / answers.FILE).read_text("utf-8")


def _part_of(template: Path, names: Sequence[str]) -> dict[str, str]:
    """The part of each file."""
    known = parts.read(template)
    return parts.matching({name: part.files for name, part in known.items()}, names)


def _untaken(part_of: dict[str, str], own: set[str]) -> set[str]:
    """The parts of which no file is taken."""
    return set(part_of.values()) - {part for name, part in part_of.items() if name not in own}


def _ready(template: Path, untaken: set[str]) -> list[str]:
    """The parts that could be taken next: all that they need is."""
    known = parts.read(template)
    return [name for name in known if name in untaken and not untaken & {*known[name].needs}]


def _wanted(template: Path, keep: Sequence[str], what: str) -> tuple[list[str], set[str]]:
    """The files that a part, or a path, stands for, and the patterns that kept them out."""
    names = parts.files(template)
    known = parts.read(template)
    own = set(parts.matching({"keep": keep}, names))
    part_of = _part_of(template, names)
    if what in known:
        untaken = _untaken(part_of, own)
        if missing := sorted(untaken & {*known[what].needs}):
            raise UpdateError(f"{what} needs {' and '.join(missing)}, not taken yet: take that first")
        patterns = {*keep} & {*known[what].files}
        left = {*keep} - patterns
        still = set(parts.matching({"keep": sorted(left)}, names))
        wanted = [name for name in sorted(own - still) if part_of.get(name) == what]
        if not wanted:
            raise UpdateError(f"there is nothing to take of {what}: {_COMMAND} parts lists what is")
        return wanted, patterns
    name = what.strip("/")
    if name not in names:
        raise UpdateError(
            f"{what} is neither a part nor a file of the template: {_COMMAND} parts lists the parts"
        )
    if name not in own:
        raise UpdateError(f"{what} is the template's already")
    pattern = f"/{name}"
    if name in parts.matching({"keep": [it for it in keep if it != pattern]}, [name]):
        raise UpdateError(f"{what} is kept together with others: take its part, {part_of[name]}")
    return [name], {pattern}


def _mine(template: Path, wanted: Sequence[str], given: Sequence[str] | None) -> set[str]:
    """What stays the service's: the named files, or with no name all that differ."""
    if given is None:
        return set()
    for name in given:
        _require_known(name, wanted)
    return {name.strip("/") for name in given} or {
        name for name in wanted if parts.state(template, ROOT, name) in _IN_CONFLICT
    }


_IN_CONFLICT = {State.DIFFERENT, State.BLOCKED}


def _preview(template: Path, states: dict[str, State], mine: set[str]) -> None:
    """Say what would happen, with the differences."""
    for name, state in states.items():
        print(f"{name} {'would be added' if state is State.MISSING else state.value}")
    for name in sorted(mine):
        print(f"{name} stays yours")
    for name, state in states.items():
        if state is State.DIFFERENT:
            print(f"\n{_shown(template, name)}", end="")


def _require_mergeable(states: dict[str, State]) -> None:
    """UpdateError where something would be lost."""
    if blocked := [name for name, state in states.items() if state is State.BLOCKED]:
        raise UpdateError(
            f"{blocked[0]} cannot be added: a folder, a file or a link is in its way. "
            f"Move that, or leave the file out with --keep-mine {blocked[0]}"
        )
    differing = [name for name, state in states.items() if state is State.DIFFERENT]
    tracked = git("ls-files", "-z", "--", *differing).split("\0") if differing else []
    if untracked := sorted({*differing} - {*tracked}):
        raise UpdateError(
            f"{untracked[0]} is not in git, so it could not be had back: commit it, move it, or "
            f"leave it as it is with --keep-mine {untracked[0]}"
        )


@contextmanager
def _all_or_nothing(added: Iterator[str]) -> Iterator[None]:
    """Put all back as it was, which is all committed, where something fails."""
    names = list(added)
    try:
        yield
    except BaseException:
        git("reset", "--quiet", "--hard")
        for name in names:
            (ROOT / name).unlink(missing_ok=True)
        raise


def _merge(template: Path, states: dict[str, State]) -> list[str]:
    """Add what is missing, and leave both versions in what differs, as in a merge of git."""
    conflicts = []
    for name, state in states.items():
        path = ROOT / name
        if state is State.MISSING:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(template / name, path)
        elif state is State.DIFFERENT:
            conflicts.append(name)
            _conflict(template / name, path, name)
    return conflicts


def _conflict(theirs: Path, path: Path, name: str) -> None:
    """Merge a file that both have added: markers in it, and both versions in the index."""
    mode, yours, _ = git("ls-files", "--stage", "--", name).split(maxsplit=2)
    hashed = git("hash-object", "-w", "--", theirs).strip()
    with tempfile.NamedTemporaryFile() as nothing:
        labels = ("-L", "yours", "-L", "nothing", "-L", "the template's")
        files = (path, nothing.name, theirs)
        run("git", "merge-file", *labels, *files, cwd=ROOT, accept=range(128))
    stages = [f"0 {'0' * 40}\t{name}", f"{mode} {yours} 2\t{name}", f"{mode} {hashed} 3\t{name}"]
    git("update-index", "--index-info", input="\n".join(stages) + "\n")


def _shown(template: Path, name: str) -> str:
    """The difference of a file, or why there is none to show."""
    name = name.strip("/")
    state = parts.state(template, ROOT, name)
    if state is not State.DIFFERENT:
        return f"{name} {state.value}\n"
    return parts.difference(template, ROOT, name)


def _require_known(name: str, known: Sequence[str]) -> None:
    """UpdateError for a path that is none of these."""
    if name.strip("/") not in known:
        raise UpdateError(f"{name} is none of these files of the template: {', '.join(known)}")
