"""What a drill says of each thing that it breaks is there to be read."""

import time

import pytest

from .pages import PLAYBOOK, RUNBOOK, anchors
from scripts.game_day import stack
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


class Answering(stack.Stack):
    """Containers whose Alertmanager gives these answers in turn; None is no answer."""

    def __init__(self, *answers: stack.Alerts | None) -> None:
        self.answers = list(answers)

    def firing(self) -> stack.Alerts:
        answer = self.answers.pop(0)
        if answer is None:
            raise ConnectionRefusedError
        return answer


@pytest.fixture
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.usefixtures("_in_no_time")
def test_an_alert_that_was_seen_may_be_gone_at_once() -> None:
    containers = Answering({}, {"Slow": {"labels": {"severity": "page"}}}, {})

    alert = containers.wait(lambda alerts: alerts.get("Slow"), "it has not come")
    assert alert["labels"]["severity"] == "page"
    assert containers.answers == [{}]


@pytest.mark.usefixtures("_in_no_time")
def test_no_answer_is_no_end_of_an_alert() -> None:
    containers = Answering({"Slow": {}}, None, {"Slow": {}}, {})

    assert containers.wait(lambda alerts: "Slow" not in alerts, "it does not end")
    assert containers.answers == []


@pytest.mark.parametrize(
    ("answer", "now"), [({}, "none"), ({"B": {}, "A": {}}, "A, B"), (None, "not known, as ")]
)
def test_patience_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, answer: stack.Alerts | None, now: str
) -> None:
    monkeypatch.setattr(stack, "_PATIENCE_SECONDS", 0.05)
    containers = Answering(*[answer] * 10)

    with pytest.raises(stack.DrillError, match=f"it has not come, after 0 s; alerts now: {now}"):
        containers.wait(lambda alerts: alerts.get("Slow"), "it has not come")
