"""The alert on the pool of connections fires when it should."""

from pathlib import Path

import pytest

from shipshape.monitoring import rules

from .promtool import firing
from .series import PROMISE, instance, metric


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("used", "expected"),
    [("15x60", {"DatabasePoolSaturated"}), ("12x60", set()), ("12x6 15x60", set())],
    ids=["full", "room", "full for three minutes"],
)
def test_a_full_pool(tmp_path: Path, used: str, expected: set[str]) -> None:
    connections = {
        metric("db_client_connection_count", db_client_connection_state="used"): used,
        metric("db_client_connection_count", db_client_connection_state="idle"): "1x60",
        metric("db_client_connection_max"): "16x60",
    }
    made = {"groups": rules.groups(PROMISE)}
    assert firing(tmp_path, made, instance() | connections, "10m", expected) == ""
