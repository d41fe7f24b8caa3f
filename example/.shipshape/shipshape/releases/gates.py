"""What a roll-out must pass before it counts as good: a smoke test, then its share of errors."""

import math
import os
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2

from .. import service
from ..errors import ShipshapeError
from ..progress import say, step

REQUESTS = "http_server_request_duration_seconds_count"
FAILED = ('http_response_status_code=~"5.."', 'error_type!=""')  # as in the alerts
BUILD = "service_build_info"

# One failed request says nothing of a share, as long as there are few.
_FORGIVEN = 1
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class SmokeTest:
    """Whether the service answers those who call it, at the address that they use.

    The first good round may take `patience` seconds, for load balancers notice new instances late.
    Then `rounds` of them follow each other, `pause` seconds apart, and all must be good.
    """

    url: str
    patience: float = 60
    rounds: int = 5
    pause: float = 2

    def check(self) -> None:
        """ShipshapeError where it does not answer as it should."""
        with step(f"ask {self.url}"):
            deadline = time.monotonic() + self.patience
            while fault := self._fault():
                if time.monotonic() > deadline:
                    raise ShipshapeError(f"the smoke test failed: {fault}")
                time.sleep(self.pause)
            for _ in range(self.rounds):
                time.sleep(self.pause)
                if fault := self._fault():
                    raise ShipshapeError(f"the smoke test failed: {fault}")

    def _fault(self) -> str | None:
        try:
            _get(f"{self.url}/livez")
            _get(f"{self.url}/readyz")
            schema = _json(f"{self.url}/openapi.json")
        except ShipshapeError as error:
            return str(error)
        return None if "openapi" in schema else f"{self.url}/openapi.json is no OpenAPI schema"


@dataclass(frozen=True)
class ErrorRatio:
    """The share of requests that a commit's instances answered with 5xx since they started.

    Health probes are in no metric of requests.
    `selector` narrows the series down where environments share a Prometheus, such as
    namespace="orders-production".
    """

    url: str
    seconds: float
    highest: float
    selector: str = ""
    token: str = ""

    def reach(self) -> None:
        """ShipshapeError where Prometheus does not answer, before anything was changed."""
        self._ask("vector(1)")

    def check(self, commit: str) -> None:
        """ShipshapeError where too many requests failed, or where nothing of the commit is seen."""
        with step(f"watch the share of errors for {self.seconds:g} s"):
            time.sleep(self.seconds)
            if not self._ask(f"count({self._series(BUILD, commit=commit)})"):
                raise ShipshapeError(
                    f"Prometheus at {self.url} sees no {BUILD} of commit {commit[:7]}: "
                    "are its instances scraped?"
                )
            failed = self._count(commit, *FAILED)
            total = self._count(commit, "")
        if not total:
            say("nobody sent a request meanwhile: the share of errors says nothing, and passes")
            return
        share = f"{failed:g} of {total:g} requests failed ({failed / total:.2%})"
        if failed > _FORGIVEN and failed / total > self.highest:
            raise ShipshapeError(f"{share}, and {self.highest:.2%} may")
        say(share)

    def _count(self, commit: str, *matchers: str) -> float:
        # The counters themselves, not their increase: instances of a roll-out start at zero, and
        # an increase does not see the requests before the first scrape.
        requests = " or ".join(REQUESTS + "{" + matcher + "}" for matcher in matchers)
        build = self._series(BUILD, commit=commit)
        return self._ask(f"sum(({requests}) * on (job, instance) group_left () {build})")

    def _series(self, name: str, **labels: str) -> str:
        matchers = [f'{label}="{value}"' for label, value in labels.items()]
        return f"{name}{{{','.join(filter(None, [*matchers, self.selector]))}}}"

    def _ask(self, query: str) -> float:
        """The number that a query answers with, 0 where it answers with nothing."""
        address = f"{self.url}/api/v1/query?{urlencode({'query': query})}"
        try:
            result = _json(address, self.token)["data"]["result"]
            value = float(result[0]["value"][1]) if result else 0.0
        except (KeyError, IndexError, TypeError, ValueError):
            raise ShipshapeError(f"{self.url} does not answer as Prometheus does") from None
        return 0.0 if math.isnan(value) else value


@dataclass(frozen=True)
class Gates:
    """All of them, as the variables of the environment have them."""

    smoke_test: SmokeTest
    error_ratio: ErrorRatio | None

    @classmethod
    def from_environment(cls, with_slo: bool) -> "Gates":
        """ShipshapeError where an address is missing. Without SLO, the smoke test alone decides."""
        smoke_test = SmokeTest(_address("SERVICE_URL", "where callers reach the service"))
        if not with_slo:
            return cls(smoke_test, None)
        where = "where its metrics are, or hand in --without-slo"
        return cls(
            smoke_test,
            ErrorRatio(
                _address("PROMETHEUS_URL", where),
                service.watch_seconds(),
                service.max_error_ratio(),
                os.environ.get("PROMETHEUS_SELECTOR", ""),
                os.environ.get("PROMETHEUS_TOKEN", ""),
            ),
        )

    def reach(self) -> None:
        """ShipshapeError where a gate could not be asked later. Changes nothing, costs a moment."""
        if self.error_ratio:
            self.error_ratio.reach()

    def check(self, commit: str) -> None:
        """ShipshapeError where the roll-out of a commit is not good."""
        self.smoke_test.check()
        if self.error_ratio:
            self.error_ratio.check(commit)
        else:
            say("the share of errors is not looked at: --without-slo")


def _address(name: str, meaning: str) -> str:
    url = os.environ.get(name, "").rstrip("/")
    if not url:
        raise ShipshapeError(f"{name} is not set: name the address {meaning}")
    if not url.startswith(("http://", "https://")):
        raise ShipshapeError(f"{name} must begin with http:// or https://, and is {url}")
    return url


def _json(url: str, token: str = "") -> dict[str, Any]:
    try:
        answer = _get(url, token).json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ShipshapeError(f"{url.partition('?')[0]} does not answer with a JSON object")
    return answer


def _get(url: str, token: str = "") -> httpx2.Response:
    """The response with 200; ShipshapeError for everything else."""
    shown = url.partition("?")[0]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        response = httpx2.get(url, headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=True)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ShipshapeError(f"{shown} cannot be reached: {error}") from None
    if response.status_code != httpx2.codes.OK:
        raise ShipshapeError(f"{shown} answers {response.status_code}")
    return response
