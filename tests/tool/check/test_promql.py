"""The metrics in expressions of PromQL."""

import pytest

from shipshape.check.promql import selectors


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("up", [("up", None)]),
        ('rate(a_total{job="b", c!="{d}"}[5m])', [("a_total", "b")]),
        (
            'sum by (le, x) (a{job=~"b|c"}) / on (y) group_left (z) d:e',
            [("a", "b|c"), ("d:e", None)],
        ),
        (
            "up and not_up unless on (a) b offset 5m > bool 1e3",
            [("up", None), ("not_up", None), ("b", None)],
        ),
        ("up # a comment\n or a{x='job=\"b\"'}", [("up", None), ("a", None)]),
        ('label_replace(a, "b", "$1", "c", "(.*)") > Inf', [("a", None)]),
        ("max_over_time((a > 0)[1h:5m])", [("a", None)]),
        ("vector(1) - time()", []),
    ],
)
def test_selectors(expression: str, found: list[tuple[str, str | None]]) -> None:
    assert list(selectors(expression)) == found
