"""What a drill says of each thing that it breaks is there to be read."""

import pytest

from .pages import PLAYBOOK, RUNBOOK, anchors
from scripts.game_day.__main__ import FAULTS
from scripts.game_day.faults import Fault
from scripts.monitoring import rules


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_an_alert_and_pages(fault: Fault) -> None:
    assert fault.alert in {it["alert"] for it in rules.alerts(rules.groups())}
    assert fault.alert.lower() in anchors(RUNBOOK.read_text("utf-8"))
    assert fault.page in anchors(PLAYBOOK.read_text("utf-8"))


def test_each_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in FAULTS]
    assert len({*names}) == len(names) > 4
