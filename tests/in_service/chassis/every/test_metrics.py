"""The metrics: their names and labels, and that no caller can make them many."""

import math
import threading
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from orders.chassis.metrics import _memory_limit

from .observed import Observed, Samples, eventually

DURATION = "http_server_request_duration_seconds"
BOUNDS = "0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 +Inf".split()


def requests(found: Samples) -> dict[tuple[str, str, str], float]:
    """How many requests there were, by method, route and status."""
    counts = {}
    for (name, labels), value in found.items():
        if name == f"{DURATION}_count":
            told = dict(labels)
            method, route = told.pop("http_request_method"), told.pop("http_route")
            counts[method, route, told.pop("http_response_status_code")] = value
            assert told.keys() == {"error_type"}
    return counts


def values(found: Samples, name: str) -> list[float]:
    """The values of a metric, whatever its labels."""
    return [value for (found_name, _), value in found.items() if found_name == name]


def test_requests_are_counted_by_route(observed: Observed, api: httpx2.Client) -> None:
    before = requests(observed.samples())
    for _ in range(2):
        api.get(f"/faulty/things/{uuid4()}")

    found = observed.samples()
    counted = "GET", "/faulty/things/{thing_id}", "404"
    assert requests(found)[counted] == before.get(counted, 0) + 2
    names = "http_request_method", "http_route", "http_response_status_code", "error_type"
    own = frozenset(zip(names, (*counted, ""), strict=True))
    buckets = [
        dict(labels - own)["le"]
        for name, labels in found
        if name == f"{DURATION}_bucket" and labels >= own
    ]
    assert buckets == BOUNDS
    assert found[f"{DURATION}_sum", own] > 0


def test_unknown_paths_are_one_series(observed: Observed, api: httpx2.Client) -> None:
    for place in ("", "/faulty/things/x", "/static-offline-docs"):  # the first makes the series
        api.get(f"{place}/{uuid4().hex}")
    series = set(observed.samples())
    before = requests(observed.samples())["GET", "", "404"]

    for _ in range(300):
        api.get(f"/{uuid4().hex}/{uuid4().hex}")
    for _ in range(10):
        api.get(f"/faulty/things/x/{uuid4().hex}")
        api.get(f"/static-offline-docs/{uuid4().hex}")

    after = observed.samples()
    assert requests(after)["GET", "", "404"] >= before + 300
    assert set(after) == series


def test_unknown_methods_are_one_series(observed: Observed, api: httpx2.Client) -> None:
    before = set(requests(observed.samples()))
    for method in ("PROPFIND", "MKCOL", "SEARCH", "PURGE", "BREW", uuid4().hex.upper()):
        api.request(method, "/faulty/things")

    assert set(requests(observed.samples())) - before == {("_OTHER", "/faulty/things", "405")}


def test_probes_are_not_counted(observed: Observed, api: httpx2.Client) -> None:
    before = requests(observed.samples())
    for path in ("/livez", "/readyz"):
        api.get(path)

    assert requests(observed.samples()) == before


def test_active_requests_are_shown(observed: Observed) -> None:
    name = "http_server_active_requests"
    assert values(observed.samples(), name) == [0]

    slow = threading.Thread(target=observed.api.get, args=("/faulty/slow?seconds=0.2",))
    slow.start()
    eventually(lambda: values(observed.samples(), name) == [1], "an active request")
    slow.join()
    eventually(lambda: values(observed.samples(), name) == [0], "an end of it")


def test_process_is_described(observed: Observed) -> None:
    found = observed.samples()

    [build] = [dict(labels) for name, labels in found if name == "service_build_info"]
    assert build["service"] == "orders"
    assert build["version"] == "1.2.3"
    assert build.keys() == {"service", "version", "commit", "python_version"}
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
        assert values(found, name)[0] > 0
    assert values(found, "http_server_max_active_requests") == [256]
    assert values(found, "log_lines_dropped_total") == [0]


def test_lag_of_the_event_loop_is_measured(observed: Observed) -> None:
    def beats() -> float:
        return values(observed.samples(), "event_loop_lag_seconds_count")[0]

    before = beats()
    eventually(lambda: beats() > before + 1, "a beat of the event loop")


@pytest.mark.parametrize(
    ("file", "text", "limit"),
    [
        ("memory.max", "268435456\n", 268435456),
        ("memory.max", "max\n", math.nan),
        ("memory/memory.limit_in_bytes", "268435456\n", 268435456),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", math.nan),
        ("none", "", math.nan),
    ],
)
def test_the_memory_limit_is_the_control_groups(
    tmp_path: Path, file: str, text: str, limit: float
) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / file).write_text(text)
    assert _memory_limit(tmp_path) == pytest.approx(limit, nan_ok=True)
