"""The service under observation: it misbehaves on demand, and all that it tells is kept."""

from collections.abc import Iterator

import httpx2
import pytest

from ..service import PATIENCE_SECONDS, running
from .collector import collecting
from .observed import Observed


@pytest.fixture(scope="session")
def observed(storage_settings: dict[str, str]) -> Iterator[Observed]:
    """A running service that traces everything, for all tests that only ask it things."""
    with (
        collecting() as collector,
        running(
            module="tests.chassis.faulty",
            **storage_settings,
            LOG_LEVEL="debug",
            OTEL_BSP_SCHEDULE_DELAY=20,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_TRACES_SAMPLER_ARG=1,
            SERVICE_VERSION="1.2.3",
        ) as service,
    ):
        # Made once for all tests, for a client takes 40 ms to make. They wait for a busy machine:
        # how long an answer may take, tests of limits say.
        with (
            httpx2.Client(base_url=service.api, timeout=PATIENCE_SECONDS) as api,
            httpx2.Client(base_url=service.management, timeout=PATIENCE_SECONDS) as management,
        ):
            yield Observed(service, api, management, collector)
        assert service.terminate() == 0, service.text
        # Whatever the tests did to it, each line is an object, from the first to the last.
        assert [service.log[0]["event"], service.log[-1]["event"]] == ["ready", "stopped"]


@pytest.fixture
def api(observed: Observed) -> httpx2.Client:
    """A client of that service's API."""
    return observed.api


@pytest.fixture
def management(observed: Observed) -> httpx2.Client:
    """A client of that service's management port."""
    return observed.management


@pytest.fixture(scope="session")
def extended(storage_settings: dict[str, str]) -> Iterator[Observed]:
    """A running service that is extended as teams do it."""
    with (
        collecting() as collector,
        running(
            module="tests.chassis.extended",
            **storage_settings,
            OTEL_BSP_SCHEDULE_DELAY=20,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_TRACES_SAMPLER_ARG=1,
            MAX_BODY_BYTES=1_000,
            MAX_WEBSOCKETS=2,
            REQUEST_TIMEOUT=1,
        ) as service,
        httpx2.Client(base_url=service.api, timeout=PATIENCE_SECONDS) as api,
        httpx2.Client(base_url=service.management, timeout=PATIENCE_SECONDS) as management,
    ):
        yield Observed(service, api, management, collector)
        assert service.terminate() == 0, service.text
