"""What keeps tests that share something from each other."""

import pytest


@pytest.mark.xdist_group("together")
def test_groups_stay_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist sends a group to one worker by a name that it adds to each of its tests."""
    if hasattr(request.config, "workerinput"):
        assert request.node.nodeid.endswith("@together")
