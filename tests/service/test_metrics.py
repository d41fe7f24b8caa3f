"""Metrics stay few, whatever callers ask for."""

import http.client
import random
import string
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import kinds
from .test_running import get, running

pytestmark = pytest.mark.slow

PATHS = 10_000


@kinds("none")
def test_ten_thousand_paths_are_one_series(service: Path) -> None:
    with running(service) as (api, management, _):
        connection = http.client.HTTPConnection(urlsplit(api).netloc)
        for _ in range(PATHS):
            connection.request("GET", "/" + "".join(random.choices(string.ascii_letters, k=12)))
            with connection.getresponse() as answer:
                assert answer.status == 404
                answer.read()
        connection.close()
        metrics = get(f"{management}/metrics")[1].decode()

    name = "http_server_request_duration_seconds_count{"
    series = [line for line in metrics.splitlines() if line.startswith(name)]
    assert len(series) == 1
    assert 'http_route=""' in series[0]
    assert float(series[0].rpartition(" ")[2]) == PATHS
