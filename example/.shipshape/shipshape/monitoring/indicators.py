"""Which requests are bad, in PromQL. The names are those of chassis/metrics.py.

A histogram of the requests is all that it takes; what it is called depends on the API's style.
"""

from collections.abc import Iterator

from .objectives import Objective

REQUESTS = "http_server_request_duration_seconds"
FAILED = ('http_response_status_code=~"5.."', 'error_type!=""')
"""Either will do: a handler can say of any response that it is a failure."""
SUCCEEDED = 'http_response_status_code!~"5..", error_type=""'
ROUTE = "http_route"


def bad(objective: Objective, service: str, function: str, window: str) -> str:
    """The bad requests: `rate` or `increase` of them within a window. 0 where there are none."""
    if objective.within_seconds is None:
        failed = " or ".join(
            _series(function, "count", window, _matchers(objective, service, matcher))
            for matcher in FAILED
        )
        return f"(sum({failed}) or vector(0))"
    soon = f'le="{objective.within_seconds}"'
    all_of_them = total(objective, service, function, window)
    matchers = _matchers(objective, service, SUCCEEDED, soon)
    return f"({all_of_them} - {_sum(function, 'bucket', window, matchers)})"


def total(objective: Objective, service: str, function: str, window: str) -> str:
    """All requests that the objective is about: how fast a failed one is, is no merit."""
    only = () if objective.within_seconds is None else (SUCCEEDED,)
    return _sum(function, "count", window, _matchers(objective, service, *only))


def _matchers(objective: Objective, service: str, *others: str) -> str:
    return ", ".join([f'job="{service}"', *others, *_routes(objective)])


def _routes(objective: Objective) -> Iterator[str]:
    if objective.routes:
        # In PromQL's strings, a backslash stands for itself only when it is doubled.
        escaped = [route.replace("{", r"\\{").replace("}", r"\\}") for route in objective.routes]
        yield f'{ROUTE}=~"{"|".join(escaped)}"'


def _sum(function: str, suffix: str, window: str, matchers: str) -> str:
    return f"sum({_series(function, suffix, window, matchers)})"


def _series(function: str, suffix: str, window: str, matchers: str) -> str:
    series = f"{REQUESTS}_{suffix}" + "{" + matchers + "}"
    return f"{function}({series}[{window}])"
