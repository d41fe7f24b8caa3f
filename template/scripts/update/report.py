"""What an update changes, in Markdown: for the terminal, and for those who review it."""

from collections.abc import Iterable

from . import notes
from .attempt import Attempt


def report(attempt: Attempt) -> str:
    """All that is to know before one takes it, what there is to do first."""
    old, new = attempt.before.release, attempt.after.release
    parts = [f"The template from {old} to {new}: {attempt.after.source}"]
    for title, name in (("To do by hand", "UPGRADING.md"), ("What is new", "CHANGELOG.md")):
        parts += section(title, notes.sections(attempt.template.text(new, name), old, new))
    answered = [f"`{name}`: `{value}`" for name, value in attempt.new_answers.items()]
    parts += section("Answered by default", listed(answered))
    parts += section("Conflicts", listed(map(code, attempt.conflicts)))
    for title, kind in (("Deleted", "D"), ("Added", "A"), ("Changed", "M")):
        parts += section(f"{title} files", listed(map(code, attempt.files(kind))))
    return "\n\n".join(parts)


def section(title: str, text: str) -> list[str]:
    """A heading and what is below it; nothing where there is nothing to say."""
    return [f"## {title}", text] if text else []


def listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def code(text: str) -> str:
    return f"`{text}`"
