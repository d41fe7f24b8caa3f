"""Sections of the pages, and the tables in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...check import markdown

_SEPARATOR = re.compile(r"[|: -]+")


@dataclass(frozen=True)
class Row:
    """A row of a table: its cells by the heads of their columns, in small letters."""

    place: str
    cells: dict[str, str]

    def starting(self, head: str) -> str:
        """The cell of the column whose head starts so; empty without one."""
        return next((cell for name, cell in self.cells.items() if name.startswith(head)), "")


@dataclass(frozen=True)
class Section:
    """A section of README.md or of a page in docs/."""

    place: str
    heading: str
    text: str
    rows: Sequence[Row]
    """Those of its first table."""


def first(heading: str) -> Section | None:
    """The first section whose heading starts with a regular expression."""
    for page in markdown.pages():
        for found in (it for level in (1, 2, 3) for it in page.sections(level)):
            if re.match(heading, found.heading, re.IGNORECASE):
                place = f"{page.path}:{found.line}"
                rows = tuple(_rows(str(page.path), found))
                return Section(place, found.heading, found.text.strip(), rows)
    return None


def _rows(path: str, section: markdown.Section) -> Iterator[Row]:
    head: Sequence[str] = ()
    for number, line in enumerate(section.text.splitlines(), section.line + 1):
        if not line.startswith("|"):
            if head:
                return
            continue
        cells = [it.strip() for it in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not head:
            head = [it.lower() for it in cells]
        elif not _SEPARATOR.fullmatch(line):
            yield Row(f"{path}:{number}", dict(zip(head, cells, strict=False)))
