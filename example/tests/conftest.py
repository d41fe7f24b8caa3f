"""The fixtures that tests of every kind use."""

from collections.abc import Iterator

import httpx2
import pytest
from hypothesis import HealthCheck, settings

from .service import Service, running

pytest_plugins = ["tests.storage"]

# How fast the machine is says nothing of the service.
settings.register_profile("service", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("service")


@pytest.fixture(scope="session")
def service(storage_settings: dict[str, str]) -> Iterator[Service]:
    """One running service for all tests that only ask it things."""
    with running(**storage_settings) as service:
        yield service
        assert service.terminate() == 0, service.text


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    """A client of the running service's API."""
    with httpx2.Client(base_url=service.api) as client:
        yield client
