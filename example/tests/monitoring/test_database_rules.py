"""The alert on the pool of connections fires when it should."""

import pytest

from .promtool import firing
from .series import PROMISE, instance, metric
from scripts.monitoring import rules

RULES = {"groups": rules.groups(PROMISE)}


@pytest.mark.parametrize(("used", "expected"), [(15, {"DatabasePoolSaturated"}), (12, set())])
def test_a_full_pool(used: int, expected: set[str]) -> None:
    connections = {
        metric("db_client_connection_count", db_client_connection_state="used"): f"{used}x60",
        metric("db_client_connection_count", db_client_connection_state="idle"): f"{16 - used}x60",
        metric("db_client_connection_max"): "16x60",
    }
    assert firing(RULES, instance() | connections, "10m", expected) == ""
