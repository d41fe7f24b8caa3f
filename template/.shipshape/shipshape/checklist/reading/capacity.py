"""The capacity that load tests have recorded: the rows of a table in docs/capacity.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path("docs/capacity.md")
COLUMNS = ("day", "operation", "requests per second", "p99", "where")


@dataclass(frozen=True)
class Measurement:
    """What an instance has been shown to serve."""

    place: str
    day: str
    operation: str
    """As in the schema, such as GET /items."""
    rate: str
    p99: str
    where: str


def measurements() -> Iterator[Measurement]:
    """All of them, the newest last."""
    lines = PAGE.read_text("utf-8").splitlines() if PAGE.exists() else []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip(" `") for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == len(COLUMNS) and cells[0][:2].isdecimal():
            yield Measurement(f"{PAGE}:{number}", *cells)
