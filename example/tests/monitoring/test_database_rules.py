"""The alert on the pool of connections fires when it should."""

import pytest

from .promtool import firing
from .series import PROMISE, instance, metric
from scripts.monitoring import rules

RULES = {"groups": rules.groups(PROMISE)}


@pytest.mark.parametrize(
    ("used", "expected"),
    [("15x60", {"DatabasePoolSaturated"}), ("12x60", set()), ("12x6 15x60", set())],
    ids=["full", "room", "full for three minutes"],
)
def test_a_full_pool(used: str, expected: set[str]) -> None:
    connections = {
        metric("db_client_connection_count", db_client_connection_state="used"): used,
        metric("db_client_connection_count", db_client_connection_state="idle"): "1x60",
        metric("db_client_connection_max"): "16x60",
    }
    assert firing(RULES, instance() | connections, "10m", expected) == ""
