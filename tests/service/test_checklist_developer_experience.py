"""The dynamic checks of developer experience: a fresh service is clean, each notices its fault."""

from pathlib import Path

import pytest

from tests.tool.checklist.mutating import Change, appended, both, replaced

from .checklist import broken, dynamic, unclean
from .conftest import kinds

pytestmark = [pytest.mark.slow, pytest.mark.long]

IDS = ("DX1", "DX6", "DX7", "ST2", "ST3")
"""Without DX4: the service's own tests take a minute, and may notice the same faults."""
SOURCE = "src/orders"

A_FILE_PER_REQUEST = both(
    replaced(
        f"{SOURCE}/api/items.py",
        "from uuid import UUID\n",
        "from pathlib import Path\nfrom uuid import UUID\n",
    ),
    replaced(
        f"{SOURCE}/api/items.py",
        "    item = items.Item.new(_draft(body))\n",
        '    Path(".data/last").write_text(body.name)\n    item = items.Item.new(_draft(body))\n',
    ),
)

MUTATIONS: dict[str, tuple[str, Change]] = {
    "run-starts-nothing": ("DX1", replaced("Makefile", "$(BIN)/python -m orders", "true")),
    "a-bad-setting-is-an-error-like-others": (
        "DX6",
        replaced(f"{SOURCE}/chassis/settings.py", "BAD_SETTINGS = 2", "BAD_SETTINGS = 1"),
    ),
    "a-file-per-request": ("DX7", A_FILE_PER_REQUEST),
}


A_TEST_FAILS = both(
    replaced("pyproject.toml", '"tests/contract", "tests/integration", ', ""),
    appended("tests/unit/test_more.py", "def test_more() -> None:\n    assert 1 == 2\n"),
)


@kinds("postgresql")
def test_fresh_service_is_clean(service: Path) -> None:
    assert unclean(dynamic(service, "DX4", *IDS)) == {}


@kinds("postgresql")
@pytest.mark.parametrize("name", MUTATIONS)
def test_fault_is_noticed(service: Path, name: str) -> None:
    check, change = MUTATIONS[name]
    with broken(service, change):
        found = dynamic(service, check)

    assert found[check].status == "fail", found


@kinds("postgresql")
def test_failing_test_is_noticed(service: Path) -> None:
    with broken(service, A_TEST_FAILS):
        found = dynamic(service, "DX4")

    assert found["DX4"].status == "fail"
    assert "FAILED tests/unit/test_more.py::test_more" in found["DX4"].evidence[0]
