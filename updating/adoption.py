"""Taking a service under the template part by part: `parts`, `take`, `compare` and `keep`.

What is not taken stands in the answer `keep`, which each copy and each update leaves alone.
"""

import json
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shipshape.template import ANSWERS, COMMAND, TemplateError, run

from . import answers, checklist, lifting
from .answers import Answers
from .parts import Offer, State, of_release
from .places import ROOT
from .programs import copier, git, names, plain_git
from .repository import require_clean
from .template import fetched


def show(_: Namespace) -> int:
    """`parts`: what is taken, what is not, what is next."""
    with _offer(answers.read(ROOT)) as offer:
        print(offer.overview())
        yours = [
            name
            for name in sorted(offer.kept)
            if offer.part_of.get(name) not in offer.untaken and offer.state(name).clashes
        ]
        if yours:
            print("\nYour own, in parts that are taken:")
            print("\n".join(f"    {name}" for name in yours))
            print(f"{COMMAND} compare {yours[0]} shows how one differs, take {yours[0]} merges it.")
        if offer.ready:
            print(f"\nNext: {COMMAND} take {_next(offer)} --preview")
    return 0


def _next(offer: Offer) -> str:
    """The part that lifts the service most for the least, or else the first one."""
    missing = checklist.missing(ROOT, static=True)
    print(f"\n{checklist.counted(missing)}")
    proposal = lifting.proposed(offer, missing)
    if proposal:
        print(proposal.reason)
    return proposal.part if proposal else offer.ready[0]


def compare(given: Namespace) -> int:
    """`compare`: how files of the service differ from the template's."""
    with _offer(answers.read(ROOT)) as offer:
        for path in given.paths:
            print(offer.difference(_known(path, offer.files)), end="")
    return 0


def keep(given: Namespace) -> int:
    """`keep`: files are the service's own from now on."""
    for pattern in given.patterns:
        if not pattern.startswith("/"):
            raise TemplateError(
                f"{pattern} must start with a slash, as in {COMMAND} keep /Makefile"
            )
    source = answers.read(ROOT)
    text = with_keep(source, sorted({*kept(source), *given.patterns}))
    with _offer(source) as offer:
        unknown = [pattern for pattern in given.patterns if not offer.matched(pattern)]
    (ROOT / ANSWERS).write_text(text, "utf-8")
    print(f"no update touches {' '.join(given.patterns)} once {ANSWERS} is committed")
    for pattern in unknown:
        print(f"warning: {pattern} matches no file of {source.release}, unless a newer one has it")
    return 0


def take(given: Namespace) -> int:
    """`take`: a part, or a single file, becomes the template's."""
    if not given.preview:
        require_clean()
    source = answers.read(ROOT)
    with _offer(source) as offer:
        wanted, patterns = _wanted(offer, given.what)
        mine = _mine(offer, wanted, given.keep_mine)
        states = {name: offer.state(name) for name in wanted if name not in mine}
        if given.preview:
            _preview(offer, states, mine)
            return 0
        _require_mergeable(states)
        remaining = {*offer.keep} - patterns | {f"/{name}" for name in mine}
        text = with_keep(source, sorted(remaining))
        with _all_or_nothing(states):
            _merge(offer, states)
            (ROOT / ANSWERS).write_text(text, "utf-8")
    added = [name for name, state in states.items() if state is State.MISSING]
    conflicts = [name for name, state in states.items() if state is State.DIFFERENT]
    print(f"took {given.what}: {len(added)} added, {len(conflicts)} in conflict")
    if warning := left_out(ROOT, added):
        print(warning)
    if not conflicts:
        print("Look at `git status`, run the tests, and commit.")
        return 0
    print("\n".join(f"    {name}" for name in conflicts))
    print("Both versions are in them. Edit each, `git add` it, then commit all of it.")
    return 1


def left_out(folder: Path, added: Sequence[str]) -> str:
    """What to do about added files that git ignores in a service, "" where there are none."""
    command = ("git", "check-ignore", "--stdin", "-z")
    none = 1  # the exit code where nothing is ignored
    ignored = names(run(*command, cwd=folder, input="\0".join(added), accept=(0, none)))
    if not ignored:
        return ""
    return (
        "git ignores some of what is added, so add that yourself: "
        f"git add --force {' '.join(ignored)}"
    )


def kept(source: Answers) -> list[str]:
    """The patterns of what the service has of its own, or does without."""
    found = source.given.get("keep") or []
    if not isinstance(found, list) or not all(isinstance(it, str) for it in found):
        raise TemplateError(f"keep in {ANSWERS} must be a list of patterns, such as [/Makefile]")
    return found


def with_keep(source: Answers, patterns: Sequence[str]) -> str:
    """The answers file with another `keep`, written by Copier."""
    with tempfile.TemporaryDirectory(prefix="answers-") as temporary:
        data, folder = Path(temporary) / "answers.json", Path(temporary) / "service"
        data.write_text(json.dumps({**source.given, "keep": patterns}), "utf-8")
        options = ("--defaults", "--quiet", f"--data-file={data}", f"--vcs-ref={source.release}")
        alone = ("--exclude=*", f"--exclude=!/{ANSWERS}")
        copier("copy", *options, *alone, source.source, folder)
        text = (folder / ANSWERS).read_text("utf-8")
    if {*kept(answers.parse(text))} != {*patterns}:
        raise TemplateError(f"{source.release} of the template keeps nothing yet: update it first")
    return text


@contextmanager
def _offer(source: Answers) -> Iterator[Offer]:
    """All that the recorded release has for this service, kept or not."""
    keep = kept(source)
    template = fetched(source)
    with tempfile.TemporaryDirectory(prefix="rendered-") as temporary:
        folder = Path(temporary) / ROOT.name
        template.copy(source.release, {**source.given, "keep": []}, folder)
        yield Offer(folder, ROOT, keep, of_release(template, source.release))


def _wanted(offer: Offer, what: str) -> tuple[list[str], set[str]]:
    """The files that a part, a path or a pattern stands for, and what kept them out."""
    name = what.strip("/")
    patterns: set[str] = set()
    if what in offer.parts:
        files = {*offer.of(what)}
        patterns = {*offer.parts[what].files} & {*offer.keep}
        _require_needs(offer, what, {what})
    elif name in offer.files:
        files = {name}
        if name not in offer.kept:
            raise TemplateError(f"{what} is the template's already")
    elif what in offer.keep:
        files = offer.matched(what)
        _require_needs(offer, what, {offer.part_of[name] for name in files})
    else:
        raise TemplateError(
            f"{what} is neither a part nor a file of the template: {COMMAND} parts lists the parts"
        )
    patterns |= offer.within(files)
    if wanted := sorted(files & _freed(offer, patterns)):
        return wanted, patterns
    if left := sorted(files & offer.kept):
        raise TemplateError(_kept_with_others(offer, what, left[0]))
    raise TemplateError(f"there is nothing to take of {what}: {COMMAND} parts lists what is")


def _require_needs(offer: Offer, what: str, taken: set[str]) -> None:
    """TemplateError where parts need others that are not taken."""
    needs = {need for part in taken for need in offer.parts[part].needs}
    if missing := [name for name in offer.parts if name in (needs & offer.untaken) - taken]:
        raise TemplateError(f"{what} needs {' and '.join(missing)}, not taken yet: take that first")


def _kept_with_others(offer: Offer, what: str, name: str) -> str:
    """What to take for a file to be freed: its part or, where more is kept with it, the pattern."""
    matched = {pattern: offer.matched(pattern) for pattern in offer.keep}
    widest = max(
        (pattern for pattern, found in matched.items() if name in found),
        key=lambda pattern: len(matched[pattern]),
    )
    part = offer.part_of[name]
    if widest in offer.parts[part].files:
        return f"{what} is kept together with others: take its part, {part}"
    return f"{what} is kept together with others, by {widest} in keep: take {widest}"


def _freed(offer: Offer, patterns: set[str]) -> set[str]:
    """The files that would not be kept any more without some of the patterns."""
    without = replace(offer, keep=[it for it in offer.keep if it not in patterns])
    return offer.kept - without.kept


def _mine(offer: Offer, wanted: Sequence[str], given: Sequence[str] | None) -> set[str]:
    """What stays the service's: the files that are named or, where none is, all that clash."""
    if given is None:
        return set()
    named = {_known(path, wanted) for path in given}
    return named or {name for name in wanted if offer.state(name).clashes}


def _known(path: str, known: Sequence[str]) -> str:
    """A path as the template has it; TemplateError for one that it does not have."""
    name = path.strip("/")
    if name not in known:
        raise TemplateError(f"{path} is none of these files of the template: {', '.join(known)}")
    return name


def _preview(offer: Offer, states: Mapping[str, State], mine: set[str]) -> None:
    """Say what would happen, with the differences."""
    for name, state in states.items():
        print(f"{name} {'would be added' if state is State.MISSING else state.value}")
    for name in sorted(mine):
        print(f"{name} stays yours")
    for name, state in states.items():
        if state is State.DIFFERENT:
            print(f"\n{offer.difference(name)}", end="")


def _require_mergeable(states: Mapping[str, State]) -> None:
    """TemplateError where something would be lost."""
    if blocked := [name for name, state in states.items() if state is State.BLOCKED]:
        raise TemplateError(
            f"{blocked[0]} cannot be added: a folder, a file or a link is in its way. "
            f"Move that, or leave the file out with --keep-mine {blocked[0]}"
        )
    committed = names(git("ls-files", "-z"))
    for name, state in states.items():
        if state is State.MISSING and name in committed:
            raise TemplateError(
                f"{name} is in git, but not checked out here: check out all files (git "
                "sparse-checkout disable), or leave the file out with "
                f"--keep-mine {name}"
            )
        if state is State.DIFFERENT and name not in committed:
            raise TemplateError(
                f"{name} is not in git, so it could not be had back: commit it, move it, or leave "
                f"it as it is with --keep-mine {name}"
            )


@contextmanager
def _all_or_nothing(states: Mapping[str, State]) -> Iterator[None]:
    """Where something fails, put all back as it was: it is committed, but for what is added."""
    try:
        yield
    except BaseException:
        git("reset", "--quiet", "--hard")
        for name, state in states.items():
            if state is State.MISSING:
                (ROOT / name).unlink(missing_ok=True)
        raise


def _merge(offer: Offer, states: Mapping[str, State]) -> None:
    """Add what is missing, and leave both versions in what differs."""
    for name, state in states.items():
        if state is State.MISSING:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(offer.rendered / name, ROOT / name)
        elif state is State.DIFFERENT:
            _merge_both_added(name, offer.rendered / name)


def _merge_both_added(name: str, theirs: Path) -> None:
    """As a merge of git leaves a file that both sides have added: as a conflict that git knows."""
    mode, yours, _ = git("ls-files", "--stage", "--", name).split(maxsplit=2)
    added = git("hash-object", "-w", "--no-filters", "--", theirs).strip()
    with tempfile.TemporaryDirectory(prefix="merge-") as temporary:
        nothing = Path(temporary) / "nothing"
        nothing.touch()
        labels = ("-L", "yours", "-L", "nothing", "-L", "the template's")
        conflicts = range(128)  # the exit code says how many
        files = (ROOT / name, nothing, theirs)
        plain_git("merge-file", *labels, *files, cwd=nothing.parent, accept=conflicts)
    stages = (f"0 {'0' * 40}\t{name}", f"{mode} {yours} 2\t{name}", f"{mode} {added} 3\t{name}")
    git("update-index", "--index-info", input="".join(f"{stage}\n" for stage in stages))
