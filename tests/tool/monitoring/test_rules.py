"""Each alert fires when it should, and healthy, idle or little traffic alerts nobody."""

from pathlib import Path
from typing import Any

import pytest

from shipshape.monitoring import rules
from shipshape.monitoring.burn_rates import FEWEST_BAD

from .promtool import check, firing
from .series import AVAILABILITY, LATENCY, PROMISE, event_loop, instance, requests

pytestmark = pytest.mark.usefixtures("service")

PER_MINUTE = 6000
HEALTHY = instance() | requests(f"0+{PER_MINUTE}x5000")
FAST = {"AvailabilityBudgetBurnFast", "AvailabilityBudgetBurnSlow"}
OUTAGE = FAST | {"ErrorRatioHigh"}
SLOW_ANSWERS = {"LatencyBudgetBurnFast", "LatencyBudgetBurnSlow"}


def bad(factor: float, budget: str) -> int:
    """How many requests a minute are bad where the budget is used so many times too fast."""
    return round(PER_MINUTE * factor * float(budget))


def made() -> dict[str, Any]:
    """All rules of the service."""
    return {"groups": rules.groups(PROMISE)}


def test_prometheus_takes_them(tmp_path: Path) -> None:
    assert check(tmp_path, made()) == ""


@pytest.mark.parametrize(
    ("series", "at", "expected"),
    [
        pytest.param(HEALTHY, "2h", set(), id="healthy"),
        pytest.param(instance() | requests("5x300"), "5h", set(), id="nobody calls any more"),
        pytest.param(
            HEALTHY | requests("0+1000x60 60000x60", failed="0x60 0+100x60"),
            "70m",
            OUTAGE,
            id="all fail",
        ),
        pytest.param(
            HEALTHY | requests("0+1000x60 60000x60", failed="0x60 0+100x60"),
            "63m",
            {"AvailabilityBudgetBurnSlow"},
            id="all fail, for three minutes",
        ),
        pytest.param(
            HEALTHY | requests("0+1x60 60x60", failed="0x60 0+1x60"),
            "70m",
            FAST,
            id="the few that come all fail",
        ),
        pytest.param(
            HEALTHY | requests("0+0.05x60", failed="0x56 1x5"), "1h", set(), id="one of four fails"
        ),
        pytest.param(
            HEALTHY | requests("0+1x60", failed=f"0x50 {FEWEST_BAD - 2}x10"),
            "1h",
            set(),
            id="a handful fails",
        ),
        pytest.param(
            HEALTHY | requests("0+6000x120", failed=f"0+{bad(0.5, AVAILABILITY.budget)}x120"),
            "2h",
            set(),
            id="half of the budget fails",
        ),
        pytest.param(
            HEALTHY | requests("0+6000x240", failed="0x60 0+6000x10 60000x170"),
            "80m",
            FAST,
            id="an outage of ten minutes that has just ended: the window of six hours goes on",
        ),
        pytest.param(
            HEALTHY | requests("0+6000x240", failed="0x60 0+6000x10 60000x170"),
            "110m",
            {"AvailabilityBudgetBurnSlow"},
            id="an outage that ended half an hour ago wakes nobody any more",
        ),
        pytest.param(
            instance() | requests("", slow="0+100x120"), "1h", SLOW_ANSWERS, id="all slow"
        ),
        pytest.param(
            HEALTHY | requests("0+6000x120", slow=f"0+{bad(0.5, LATENCY.budget)}x120"),
            "2h",
            set(),
            id="half of the budget is slow",
        ),
        pytest.param(
            instance(http_server_active_requests="220x60"),
            "10m",
            {"ConcurrencySaturated"},
            id="many at once",
        ),
        pytest.param(
            instance(http_server_active_requests="3x6 220x60"),
            "10m",
            set(),
            id="many at once, for three minutes",
        ),
        pytest.param(HEALTHY | event_loop("650"), "10m", {"EventLoopSlow"}, id="blocked"),
        pytest.param(HEALTHY | event_loop("650"), "5m", set(), id="blocked for a few minutes"),
        pytest.param(HEALTHY | event_loop("601"), "10m", set(), id="hardly ever blocked"),
        pytest.param(
            instance(process_resident_memory_bytes="240e6x60"),
            "15m",
            {"MemoryNearLimit"},
            id="memory",
        ),
        pytest.param(
            instance(process_resident_memory_bytes="100e6x6 240e6x60"),
            "15m",
            set(),
            id="memory that may be given back",
        ),
        pytest.param(
            instance(process_resident_memory_bytes="240e6x60", process_memory_limit_bytes="_x60"),
            "15m",
            set(),
            id="memory without a limit",
        ),
        pytest.param(
            instance(log_lines_dropped_total="0x5 3x5"), "10m", {"LogLinesDropped"}, id="log"
        ),
        pytest.param({}, "5m", {"ServiceDown"}, id="not scraped at all"),
        pytest.param(instance(up="1x60 0x60"), "61m", set(), id="not scraped once"),
        pytest.param(instance(up="1x60 0x60"), "62m", {"ServiceDown"}, id="down"),
        pytest.param(
            instance(up="1x60 0x60"), "70m", {"ServiceDown", "TargetDown"}, id="down for long"
        ),
        pytest.param(instance(), "30m", set(), id="just started, and nobody has called yet"),
        pytest.param(instance(), "70m", {"SloMetricAbsent"}, id="no request is measured"),
    ],
)
def test_just_these_fire(
    tmp_path: Path, series: dict[str, str], at: str, expected: set[str]
) -> None:
    assert firing(tmp_path, made(), series, at, expected) == ""


def test_twice_the_budget_is_a_ticket_after_days(tmp_path: Path) -> None:
    failed = bad(2, AVAILABILITY.budget)
    series = HEALTHY | requests(f"0+{PER_MINUTE}x1500", failed=f"0+{failed}x1500")
    assert firing(tmp_path, made(), series, "4d", {"AvailabilityBudgetBurnSlow"}, "5m") == ""


def test_objectives_of_one_kind_make_alerts_of_their_own(tmp_path: Path) -> None:
    other = LATENCY.model_copy(update={"name": "search", "routes": ("/search",)})
    promise = PROMISE.model_copy(update={"objectives": (LATENCY, other)})
    both = {"groups": rules.groups(promise)}
    assert check(tmp_path, both) == ""


def test_what_does_not_fire_is_noticed(tmp_path: Path) -> None:
    assert "FAILED" in firing(tmp_path, made(), HEALTHY, "2h", {"ServiceDown"})
