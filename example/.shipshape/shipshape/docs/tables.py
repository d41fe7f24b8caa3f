"""Tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import ShipshapeError


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def renewed(page: Path, tables: Mapping[str, str]) -> str:
    """The text of a page with these tables between their markers."""
    text = page.read_text("utf-8")
    for name, made in tables.items():
        start, end = f"<!-- {name}: made by `make docs` -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        _, marker, after = rest.partition(end)
        if not marker:
            raise ShipshapeError(
                f"{page} lacks the markers of the {name}: restore `{start.strip()}` and `{end}`"
            )
        text = before + start + made + end + after
    return text
