"""A stop under load fails no request."""

import pytest

from ..service import running
from .load import stopped_under_load


@pytest.mark.parametrize("polite", [True, False], ids=["behind a load balancer", "until refused"])
async def test_stop_under_load(polite: bool, storage_settings: dict[str, str]) -> None:
    with running(module="tests.chassis.faulty", **storage_settings, SHUTDOWN_DELAY=0.5) as service:
        tally = await stopped_under_load(service, polite=polite)
        log = service.log

    assert not tally.failures
    assert tally.answered > 0
    assert tally.exit_code == 0
    assert not [line for line in log if line["level"] not in ("debug", "info")]
