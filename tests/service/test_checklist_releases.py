"""The dynamic checks that compare a service with its last release."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tool.checklist.mutating import Change, both, replaced
from tests.tool.test_contract import POST, stand_in

from .checklist import broken, dynamic, unclean
from .conftest import kinds, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

IDS = ("AU3", "AU9", "DO6", "SE1")
SOURCE = "src/orders"
SCHEMA = "schema/openapi.yaml"
RENAMES = '''"""Another name.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
phase = "expand"


def upgrade() -> None:
    op.execute("ALTER TABLE items RENAME TO things")


def downgrade() -> None:
    op.execute("ALTER TABLE things RENAME TO items")
'''


def added(file: str, text: str) -> Change:
    """Add a file."""

    def change(folder: Path) -> None:
        (folder / file).write_text(text, "utf-8")

    return change


def without_post(folder: Path) -> None:
    """Break those who create items."""
    text = (folder / SCHEMA).read_text("utf-8")
    start, end = text.index("    post:"), text.index("  /items/{item_id}:")
    (folder / SCHEMA).write_text(text[:start] + text[end:], "utf-8")


RENAMED_TABLE = both(
    added("migrations/versions/0002_another_name.py", RENAMES),
    replaced(f"{SOURCE}/storage/tables.py", '    "items",\n', '    "things",\n'),
)


@contextmanager
def released(service: Path) -> Iterator[None]:
    """The service as it is, committed as release 1.0.0, until the end."""
    person = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    run(service, "git", *person, "commit", "--quiet", "--message", "feat: all")
    run(service, "git", "tag", "v1.0.0")
    try:
        yield
    finally:
        run(service, "git", "tag", "--delete", "v1.0.0")
        run(service, "git", "update-ref", "-d", "HEAD")


@kinds("postgresql")
def test_code_of_the_last_release_runs_on_the_new_schema(service: Path) -> None:
    with released(service):
        same = dynamic(service, "AU9")["AU9"]
        with broken(service, RENAMED_TABLE):
            found = dynamic(service, *IDS)

    assert any("no release is there" in it for it in same.evidence), same
    assert unclean(found).keys() == {"AU9"}, found
    assert "on the schema of today, 1.0.0 answers GET /items with 500" in found["AU9"].evidence


@kinds("postgresql")
def test_new_column_is_right(service: Path) -> None:
    column = RENAMES.replace("RENAME TO things", "ADD colour text").replace(
        "things RENAME TO items", "items DROP colour"
    )
    with released(service), broken(service, added("migrations/versions/0002_colour.py", column)):
        found = dynamic(service, "AU9")["AU9"]

    assert found.status == "pass", found
    assert any("1.0.0 answers POST /items with 201" in it for it in found.evidence), found


@kinds("postgresql")
def test_undeclared_break_is_noticed(service: Path, tmp_path: Path) -> None:
    oasdiff = {"OASDIFF": str(stand_in(tmp_path / "oasdiff"))}
    with released(service), broken(service, without_post):
        found = dynamic(service, "DO6", **oasdiff)["DO6"]
        (service / "schema/accepted-breaks.txt").write_text(f"{POST}\n", "utf-8")
        declared = dynamic(service, "DO6", **oasdiff)["DO6"]

    assert (found.status, declared.status) == ("fail", "pass"), (found, declared)
    assert found.evidence == [f"{SCHEMA}: since v1.0.0, this breaks callers: {POST}"]
