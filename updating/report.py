"""What an update changes, in Markdown: for the terminal, and for those who review it."""

from collections.abc import Iterable, Sequence

from . import notes
from .attempt import Attempt
from .programs import git


def report(attempt: Attempt) -> str:
    """All that is to know before one takes it, what there is to do first."""
    old, new = attempt.before.release, attempt.after.release
    parts = [f"The template from {old} to {new}: {attempt.after.source}"]
    for title, name in (("To do by hand", "UPGRADING.md"), ("What is new", "CHANGELOG.md")):
        parts += section(title, notes.sections(attempt.template.text(new, name), old, new))
    answered = [f"`{name}`: `{value}`" for name, value in attempt.new_answers.items()]
    parts += section("Answered by default", listed(answered))
    merge = attempt.merge
    parts += section("Conflicts", listed(map(code, merge.conflicts)))
    parts += section("Deleted files with changes of yours", _restorable(merge.lost))
    parts += section("Changed files that are not in your repository", _absent(merge.absent))
    deleted = [name for name in attempt.files("D") if name not in merge.lost]
    for title, names in (
        ("Deleted", deleted),
        ("Added", attempt.files("A")),
        ("Changed", attempt.files("MT")),
    ):
        parts += section(f"{title} files", listed(map(code, names)))
    return "\n\n".join(parts)


def _restorable(names: Sequence[str]) -> str:
    """What is lost, and how to have it back: by the commit, for HEAD moves on with the update."""
    if not names:
        return ""
    commit = git("rev-parse", "--short", "HEAD").strip()
    how = f"`git show {commit}:PATH` shows each as it was: move what you need to files of your own."
    return f"{how}\n\n{listed(map(code, names))}"


def _absent(names: Sequence[str]) -> str:
    """What a release changes, and the service does without."""
    if not names:
        return ""
    why = "The release changes these files, but your repository does not have them. "
    return f"{why}The update does not add files that you deleted.\n\n{listed(map(code, names))}"


def section(title: str, text: str) -> list[str]:
    """A heading and what is below it; nothing where there is nothing to say."""
    return [f"## {title}", text] if text else []


def listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def code(text: str) -> str:
    return f"`{text}`"
