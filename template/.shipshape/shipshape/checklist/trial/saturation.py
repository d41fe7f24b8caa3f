"""Make a service busy, and find the metrics that rise."""

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from .configuration import Configuration
from .database import Database
from .held import held
from .instance import Instance
from .metrics import Metrics, Series, scraped
from .operations import Request

REQUESTS = 4
STILL_SECONDS = 0.5
_SECONDS_TO_NOTICE = 0.4
_PATIENCE_SECONDS = 3.0
_OF_PROCESS = ("process_", "python_")
_ANY = re.compile("")
_LAG = re.compile(r"lag|loop")
_POOL = re.compile(r"pool|connection|db_|database|sql")


def of_concurrency(
    instance: Instance, configuration: Configuration, request: Request
) -> set[Series]:
    """The gauges that rise with the requests in flight."""
    before = scraped(instance, configuration)
    with held(instance, *[request] * REQUESTS):
        return _rising(instance, configuration, before, _ANY)


def of_pool(
    instance: Instance, configuration: Configuration, request: Request, database: Database
) -> set[Series]:
    """The gauges of connections that rise while requests wait for the database."""
    before = scraped(instance, configuration)
    with ThreadPoolExecutor(REQUESTS) as threads:
        with database.gate.hung():
            waiting = [threads.submit(_send, instance, request) for _ in range(REQUESTS)]
            found = _rising(instance, configuration, before, _POOL)
        for each in waiting:
            each.result()
    return found


def of_event_loop(instance: Instance, configuration: Configuration) -> set[Series]:
    """The series that rise when the process stands still, by at least half of that time."""
    before = scraped(instance, configuration)
    instance.signal(signal.SIGSTOP)
    time.sleep(STILL_SECONDS)
    instance.signal(signal.SIGCONT)
    time.sleep(_SECONDS_TO_NOTICE)
    increases = scraped(instance, configuration).increases(before)
    return {
        it
        for it, increase in increases
        if _LAG.search(it.name)
        and not it.name.endswith(("_bucket", "_count"))
        and increase > STILL_SECONDS / 2
    }


def _rising(
    instance: Instance, configuration: Configuration, before: Metrics, named: re.Pattern[str]
) -> set[Series]:
    """The gauges that are now higher by so many requests, once there is one."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        now = scraped(instance, configuration)
        gauges = {name for name in now.gauges if not name.startswith(_OF_PROCESS)}
        found = {
            it
            for it, increase in now.increases(before)
            if increase >= REQUESTS and it.name in gauges and named.search(str(it))
        }
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _send(instance: Instance, request: Request) -> None:
    with instance.client() as client:
        request.send(client)
