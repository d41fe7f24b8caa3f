"""Tables between the markers of a page."""

from pathlib import Path

import pytest

from shipshape.docs.tables import renewed
from shipshape.errors import ShipshapeError

START, END = "<!-- targets: made by `make docs` -->\n", "<!-- end of targets -->"


def test_a_table_is_replaced_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{START}old\n{END}\nafter\n")
    assert renewed(page, {"targets": "new\\1\n"}) == f"before\n{START}new\\1\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", START, END, END + START])
def test_a_lost_marker_is_named(tmp_path: Path, text: str) -> None:
    page = tmp_path / "README.md"
    page.write_text(text)
    with pytest.raises(ShipshapeError, match="README.md lacks the markers of the targets: restore"):
        renewed(page, {"targets": "new"})
