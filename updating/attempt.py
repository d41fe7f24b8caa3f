"""An update, made in a folder of its own, so that nothing else changes until it is whole."""

import json
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipshape.template import ANSWERS, ProgramError, TemplateError

from . import answers, repository
from .answers import Answers
from .parts import matching
from .places import ROOT
from .programs import PATCH, copier, git, names, read_yaml
from .template import Template, fetched
from .workbench import Merge, Workbench, workbench

# The space between two answers in one text, as make passes them: `owner=@a/b contact=a@b.example`.
_BETWEEN_ANSWERS = re.compile(r"\s+(?=[a-z]\w*=)")

# How Copier says that an answer will not do: the name of its question, and why.
_REFUSAL = re.compile(
    r"(?:Validation error for question|Invalid choice for) '(\w+)': (.+)", re.DOTALL
)


@dataclass(frozen=True)
class Attempt:
    """What an update comes to: the merge, on the workbench. `ours` is the tree before it."""

    before: Answers
    after: Answers
    template: Template
    bench: Workbench
    ours: str
    merge: Merge

    @property
    def new_answers(self) -> dict[str, object]:
        """What was not asked before, and is answered by default."""
        return {
            name: value for name, value in self.after.given.items() if name not in self.before.given
        }

    def files(self, kinds: str) -> list[str]:
        """The files of some kinds: A is added, M changed, T changed in its type, D deleted."""
        changed = ("--name-only", "--no-renames", "-z", f"--diff-filter={kinds}")
        return names(self.bench.git("diff", *changed, self.ours, self.merge.tree))

    def diff(self) -> str:
        """Every line that would change."""
        return self.bench.git("diff", *PATCH, self.ours, self.merge.tree)


@contextmanager
def attempted(data: Sequence[str] = ()) -> Iterator[Attempt | None]:
    """The update to the newest release, None where the service has it.

    `data` has answers to give, as NAME=VALUE, one or more in a text: then there is an update in any
    case, if only of the answers.
    """
    given = dict(_answer(each) for text in data for each in _BETWEEN_ANSWERS.split(text))
    repository.require_clean()
    before = answers.read(ROOT)
    template = fetched(before)
    behind = _is_behind()
    if given or behind:
        _require_questions(template, given)
        # A commit after the newest release stays: Copier refuses to go back to that release.
        options = [] if behind else ["--vcs-ref=:current:"]
        with workbench() as bench:
            yield _update(before, template, bench, given, options)
    else:
        yield None


def _answer(text: str) -> tuple[str, str]:
    """A name and a value; TemplateError for what is no answer."""
    name, found, value = text.partition("=")
    if not found:
        raise TemplateError(f"{text} is no answer: it must be NAME=VALUE")
    return name, value


def _require_questions(template: Template, given: Collection[str]) -> None:
    """TemplateError for an answer to no question: Copier ignores it without a message."""
    known = read_yaml(template.text("HEAD", "copier.yml") or "{}")
    if unknown := [name for name in given if name not in known]:
        raise TemplateError(f"{unknown[0]} is not a question of the template")


def _is_behind() -> bool:
    """Whether there is a newer release."""
    try:
        found = json.loads(copier("check-update", "--output-format=json", ROOT))
    except ProgramError as error:
        raise TemplateError(f"Copier cannot tell the newest release: {error.reason}") from None
    return bool(found["update_available"])


def _update(
    before: Answers,
    template: Template,
    bench: Workbench,
    given: Mapping[str, str],
    options: Sequence[str],
) -> Attempt:
    """The update, as a merge by git: Copier updates a service that nobody has changed.

    Left to merge, Copier applies patches, and drops some that do not fit without a word.
    """
    ours = git("rev-parse", "HEAD^{tree}").strip()
    options = ["--defaults", "--quiet", *options]
    options += [f"--data={name}={value}" for name, value in given.items()]
    try:
        base = _pristine(before, template, bench, ours)
        copier("update", *options, bench.folder)
    except ProgramError as error:
        raise _explained(error, before, given) from None
    _require_unmerged(bench)
    after = answers.read(bench.folder)
    _require_kept(before, after, template, given)
    theirs = bench.add_all()
    required = _required(template, after.release, bench.entries(theirs))
    merge = bench.merge(base, ours, theirs, required)
    return Attempt(before, after, template, bench, ours, merge)


def _pristine(before: Answers, template: Template, bench: Workbench, ours: str) -> str:
    """Commit the service as it would be if nobody had changed it, and give its tree.

    Required files are left out, so that Copier renders their newest version. The answers file is
    the service's own, because Copier reads it.
    """
    template.copy(before.release, before.given, bench.folder)
    for name in _required(template, before.release, bench.entries(bench.add_all())):
        (bench.folder / name).unlink()
    bench.git("checkout", ours, "--", ANSWERS)
    tree = bench.add_all()
    bench.git("commit", "--quiet", "--allow-empty", f"--message={before.release}")
    return tree


def _required(template: Template, release: str, files: Iterable[str]) -> list[str]:
    """The files that are the team's once they are there."""
    configuration = read_yaml(template.text(release, "copier.yml") or "{}")
    return [*matching({"": configuration.get("_skip_if_exists", [])}, files)]


def _require_unmerged(bench: Workbench) -> None:
    """TemplateError where Copier has merged after all, and something did not fit."""
    left = {*names(bench.git("ls-files", "--others", "-z", "--", "*.rej"))}
    left |= {entry.partition("\t")[2] for entry in names(bench.git("ls-files", "--unmerged", "-z"))}
    if left:
        raise TemplateError(
            "Copier could not apply all changes of the release, so nothing is changed. Report to "
            f"the owners of the template what it left: {', '.join(sorted(left))}"
        )


def _explained(error: ProgramError, before: Answers, given: Mapping[str, str]) -> TemplateError:
    """Why Copier failed, for the person who answered."""
    name, reason = _refused(error)
    if name in given:
        return TemplateError(f"{given[name]!r} is no answer to {name}. {reason}")
    if name in before.given:
        return TemplateError(
            f"{before.given[name]!r} is no answer to {name}. {reason} "
            f"Put that right in {ANSWERS}, and commit it"
        )
    return TemplateError(f"Copier cannot update: {reason or error.reason}")


def _require_kept(
    before: Answers, after: Answers, template: Template, given: Collection[str]
) -> None:
    """TemplateError where an answer does not hold any more: Copier takes the default instead."""
    for name, value in before.given.items():
        if name in given or name not in after.given:
            continue
        if str(after.given[name]) != str(value):
            objection = _objection(template, after, name, value)
            raise TemplateError(
                f"{after.release} does not take {value!r} for {name}, but would put its default in "
                f"place of it, {after.given[name]!r}. {objection} Give the answer that you want: "
                f'make update data="{name}=…"'
            )


def _objection(template: Template, after: Answers, name: str, value: object) -> str:
    """What the template says to an answer."""
    with tempfile.TemporaryDirectory(prefix="pretended-") as target:
        try:
            template.copy(after.release, {**after.given, name: value}, Path(target), "--pretend")
        except ProgramError as error:
            return _refused(error)[1]
    return ""


def _refused(error: ProgramError) -> tuple[str, str]:
    """The question whose answer Copier did not take, and why; nothing where it failed otherwise."""
    found = _REFUSAL.search(error.said)
    return (found[1], " ".join(found[2].split())) if found else ("", "")
