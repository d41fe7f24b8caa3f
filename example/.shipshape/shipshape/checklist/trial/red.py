"""Rate, errors and duration of the requests of a route, in metrics of any name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .metrics import Metrics, Series

_PARAMETER = re.compile(r"\{[^}]*\}|<[^>]*>|:\w+")
_DURATION = re.compile(r"duration|latency|seconds|_ms_|milliseconds")


@dataclass(frozen=True)
class Route:
    """A route, its requests between two scrapes, and the status that all of them got."""

    template: str
    """Such as /items/{item_id}."""
    status: int
    requests: int

    def is_named_by(self, series: Series) -> bool:
        """Whether a label is the template, in the notation of any framework."""
        wanted = _PARAMETER.sub("{}", self.template).rstrip("/")
        shown = (_PARAMETER.sub("{}", value).rstrip("/") for value in series.values)
        return any(it.endswith(wanted) for it in shown)

    def has_status(self, series: Series) -> bool:
        return not {str(self.status), f"{self.status // 100}xx"}.isdisjoint(series.values)


def missing(route: Route, before: Metrics, after: Metrics) -> Iterator[str]:
    """What the metrics do not show of the requests."""
    grown = [it for it, increase in after.increases(before) if increase >= route.requests]
    counted = [it for it in grown if route.is_named_by(it)]
    if not counted:
        yield f"no series with the route {route.template} counts its requests"
        return
    if not any(map(route.has_status, counted)):
        yield f"no series of {route.template} has the status {route.status} as a label"
    if not any(it.name.endswith("_count") and _DURATION.search(it.name) for it in counted):
        yield f"no histogram has the duration of {route.template}"
