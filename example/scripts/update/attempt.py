"""An update, made in a folder of its own, so that nothing else changes until it is whole."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import answers, repository
from .answers import Answers
from .errors import UpdateError
from .programs import PATCH, ROOT, ProgramError, copier, git, names, read_yaml
from .template import Template, cloned

# The space between two answers in one text, as make passes them: `owner=@a/b contact=a@b.example`.
_BETWEEN_ANSWERS = re.compile(r"\s+(?=[a-z]\w*=)")

# How Copier says that an answer will not do: the name of its question, and why.
_REFUSAL = re.compile(
    r"(?:Validation error for question|Invalid choice for) '(\w+)': (.+)", re.DOTALL
)


@dataclass(frozen=True)
class Attempt:
    """What an update comes to.

    `tree` is git's, with all files as they would be, and markers in those with conflicts.
    `unmerged` is how git remembers these: each as it was, as the team and the template have it.
    """

    before: Answers
    after: Answers
    folder: Path
    template: Template
    tree: str
    unmerged: str

    @property
    def conflicts(self) -> list[str]:
        """The files in which the team's lines and the template's met."""
        return sorted({entry.partition("\t")[2] for entry in names(self.unmerged)})

    @property
    def new_answers(self) -> dict[str, object]:
        """What was not asked before, and is answered by default."""
        return {
            name: value for name, value in self.after.given.items() if name not in self.before.given
        }

    def files(self, kind: str) -> list[str]:
        """The files of a kind: A for added, M for changed, D for deleted."""
        changed = f"--diff-filter={kind}"
        return names(git("diff", "--name-only", "--no-renames", "-z", changed, "HEAD", self.tree))

    def lost(self) -> list[str]:
        """The deleted files that are not as the template had them: changes of the team go, too."""
        if not (deleted := self.files("D")):
            return []
        rendered = self.template.folder.with_name("rendered") / ROOT.name
        self.template.copy(self.before.release, self.before.given, rendered)
        return [name for name in deleted if not _is_committed(rendered / name, name)]

    def diff(self) -> str:
        """Every line that would change."""
        return git("diff", *PATCH, "HEAD", self.tree)


@contextmanager
def attempted(data: Sequence[str] = ()) -> Iterator[Attempt | None]:
    """The update to the newest release, None where the service has it.

    `data` has answers to give, as NAME=VALUE, one or more in a text: then there is an update in any
    case, if only of the answers.
    """
    given = dict(_answer(each) for text in data for each in _BETWEEN_ANSWERS.split(text))
    repository.require_clean()
    before = answers.read(ROOT)
    with cloned(before) as template:
        behind = _is_behind()
        if given or behind:
            _require_questions(template, given)
            # A commit after the newest release stays: Copier refuses to go back to that release.
            options = [] if behind else ["--vcs-ref=:current:"]
            with repository.worktree() as folder:
                yield _update(before, template, folder, given, options)
        else:
            yield None


def _answer(text: str) -> tuple[str, str]:
    """A name and a value; UpdateError for what is no answer."""
    name, found, value = text.partition("=")
    if not found:
        raise UpdateError(f"{text} is no answer: it must be NAME=VALUE")
    return name, value


def _require_questions(template: Template, given: Collection[str]) -> None:
    """UpdateError for an answer to no question: Copier ignores it without a message."""
    known = read_yaml(template.text("HEAD", "copier.yml") or "{}")
    if unknown := [name for name in given if name not in known]:
        raise UpdateError(f"{unknown[0]} is not a question of the template")


def _is_behind() -> bool:
    """Whether there is a newer release."""
    try:
        found = json.loads(copier("check-update", "--output-format=json", ROOT))
    except ProgramError as error:
        raise UpdateError(f"Copier cannot tell the newest release: {error.reason}") from None
    return bool(found["update_available"])


def _update(
    before: Answers,
    template: Template,
    folder: Path,
    given: Mapping[str, str],
    more_options: Sequence[str],
) -> Attempt:
    """The update, in a folder that is a worktree of the service."""
    # With few lines of context, a patch fits in more places than the right one. What does not
    # fit is merged whole, in three ways.
    options = ["--defaults", "--quiet", "--conflict=inline", "--context-lines=30", *more_options]
    options += [f"--data={name}={value}" for name, value in given.items()]
    try:
        copier("update", *options, folder)
    except ProgramError as error:
        name, reason = _refused(error)
        if name in given:
            raise UpdateError(f"{given[name]!r} is no answer to {name}. {reason}") from None
        if name in before.given:
            raise UpdateError(
                f"{before.given[name]!r} is no answer to {name}. {reason} "
                f"Put that right in {answers.FILE}, and commit it"
            ) from None
        raise UpdateError(f"Copier cannot update: {reason or error.reason}") from None
    after = answers.read(folder)
    _require_kept(before, after, template, given)
    unmerged = git("ls-files", "--unmerged", "-z", cwd=folder)
    git("add", "--all", cwd=folder)
    tree = git("write-tree", cwd=folder).strip()
    return Attempt(before, after, folder, template, tree, unmerged)


def _require_kept(
    before: Answers, after: Answers, template: Template, given: Collection[str]
) -> None:
    """UpdateError where an answer does not hold any more: Copier takes the default instead."""
    for name, value in before.given.items():
        if name in given or name not in after.given:
            continue
        if str(after.given[name]) != str(value):
            objection = _objection(template, after, name, value)
            raise UpdateError(
                f"{after.release} does not take {value!r} for {name}, but would put its default in "
                f"place of it, {after.given[name]!r}. {objection} Give the answer that you want: "
                f'make update data="{name}=…"'
            )


def _objection(template: Template, after: Answers, name: str, value: object) -> str:
    """What the template says to an answer."""
    target = template.folder.with_name("pretended")
    try:
        template.copy(after.release, {**after.given, name: value}, target, "--pretend")
    except ProgramError as error:
        return _refused(error)[1]
    return ""


def _refused(error: ProgramError) -> tuple[str, str]:
    """The question whose answer Copier did not take, and why; nothing where it failed otherwise."""
    found = _REFUSAL.search(error.said)
    return (found[1], " ".join(found[2].split())) if found else ("", "")


def _is_committed(path: Path, name: str) -> bool:
    """Whether a file of the service is committed just as a path outside of it holds it."""
    if not path.is_file():
        return False
    return git("hash-object", "--no-filters", "--", path) == git("rev-parse", f"HEAD:{name}")
