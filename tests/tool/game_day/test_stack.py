"""How a drill waits for alerts."""

import time
from typing import Any

import httpx2
import pytest

from shipshape.errors import ShipshapeError
from shipshape.game_day import stack


class Answering(stack.Stack):
    """Containers whose Alertmanager gives these answers in turn; None is no answer."""

    def __init__(self, *answers: stack.Alerts | None) -> None:
        self.answers = list(answers)

    def firing(self) -> stack.Alerts:
        answer = self.answers.pop(0)
        if answer is None:
            raise httpx2.ConnectError("refused")
        return answer


@pytest.fixture
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.usefixtures("_in_no_time")
def test_an_alert_that_was_seen_may_be_gone_at_once() -> None:
    containers = Answering({}, {"Slow": {"labels": {"severity": "page"}}}, {})

    alert: dict[str, Any] = containers.wait(lambda alerts: alerts.get("Slow"), "it has not come")
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

    with pytest.raises(ShipshapeError, match=f"it has not come, after 0 s; alerts now: {now}"):
        containers.wait(lambda alerts: alerts.get("Slow"), "it has not come")
