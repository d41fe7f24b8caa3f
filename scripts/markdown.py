"""The little Markdown that the pages of docs/reference need."""

from collections.abc import Iterable, Sequence


def plain(text: object) -> str:
    """Text on one line."""
    return " ".join(str(text).split())


def code(value: object) -> str:
    """A value in backticks."""
    return f"`{plain(value)}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
