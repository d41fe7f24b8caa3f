"""What several checks read, once for all of them."""

import pytest

from ..check import unknown
from ..reading import kubernetes, manifests, nomad, workloads
from ..reading.workloads import Platform


@pytest.fixture(scope="session")
def possible_platform() -> Platform | None:
    """What runs in production, by jobs of Nomad or manifests of Kubernetes; None without them."""
    if jobs := nomad.jobs():
        return nomad.platform(jobs)
    found = kubernetes.platform(manifests.read())
    return found if found.workloads else None


@pytest.fixture
def platform(possible_platform: Platform | None) -> Platform:
    """What runs in production."""
    return possible_platform or unknown(workloads.MISSING)
