"""Faults of observability, each for one static check."""

from ..mutating import NOMAD, Mutation, deleted, replaced, without

SLO = "monitoring/slo.yaml"
DASHBOARD = "monitoring/grafana/dashboards/service.json"
ALERTS = "deploy/production/alerts.yaml"
TESTS = "monitoring/prometheus/tests"
MADE_FROM_OBJECTIVES = ("DO7",)
"""Their tables cannot be compared without valid objectives."""

MUTATIONS = [
    Mutation(
        "OB8",
        "an unreachable threshold",
        replaced(SLO, "within_seconds: 0.5", "within_seconds: 0.42"),
        unknown=MADE_FROM_OBJECTIVES,
    ),
    Mutation("OB8", "no owner", without(SLO, "^owner: .*\n"), unknown=MADE_FROM_OBJECTIVES),
    Mutation("OB8", "no objectives", deleted(SLO), unknown=MADE_FROM_OBJECTIVES),
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
