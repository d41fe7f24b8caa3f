"""The static checks of observability notice their faults."""

from collections.abc import Callable
from pathlib import Path

from shipshape.checklist.check import Status

from .mutating import NOMAD, Mutation, checks_of, deleted, each, replaced, unclean, without

SLO = "monitoring/slo.yaml"
DASHBOARD = "monitoring/grafana/dashboards/service.json"
ALERTS = "deploy/production/alerts.yaml"
TESTS = "monitoring/prometheus/tests"

MUTATIONS = [
    Mutation(
        "OB8",
        "an unreachable threshold",
        replaced(SLO, "within_seconds: 0.5", "within_seconds: 0.42"),
    ),
    Mutation("OB8", "no owner", without(SLO, "^owner: .*\n")),
    Mutation("OB8", "no objectives", deleted(SLO)),
    Mutation(
        "OB9",
        "an alert without an owner",
        without(ALERTS, "^ *owner: .*\n(?=.*\n.*CrashLoop|.*\n.*A pod of orders starts again)"),
    ),
    Mutation("OB9", "an alert without a test", deleted(f"{TESTS}/saturation.yml")),
    Mutation("OB9", "an alert without a test, on Nomad", deleted(f"{TESTS}/nomad.yml"), NOMAD),
    Mutation(
        "OB10",
        "a metric with a typo",
        replaced(DASHBOARD, "http_server_active_requests", "http_server_activ_requests"),
    ),
    Mutation("OB10", "no dashboard", deleted(DASHBOARD)),
]


@each(MUTATIONS)
def test_the_check_notices_it(copied: Callable[[str], Path], mutation: Mutation) -> None:
    mutation.change(copied(mutation.kind))
    found = unclean()
    statuses = {id: status for id, (status, _) in found.items()}
    if mutation.check == "OB8":  # tables that are made from the objectives cannot be compared
        assert statuses.pop("DO7") is Status.UNKNOWN
    assert statuses == {mutation.check: Status.FAIL}, found


def test_each_check_has_a_mutation(copied: Callable[[], Path]) -> None:
    copied()
    assert checks_of("OB") == {mutation.check for mutation in MUTATIONS}
