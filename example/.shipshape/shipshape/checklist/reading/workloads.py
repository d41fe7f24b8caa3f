"""What runs in production, in terms that Kubernetes and Nomad share."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..check import Evidence

MISSING = "the repository has no manifest of Kubernetes and no job of Nomad"
"""Why a check of what runs in production cannot be tried."""


@dataclass(frozen=True)
class Container:
    """A container of a workload; on Nomad, a task."""

    name: str
    place: str
    serves: bool
    """Whether it listens for requests."""
    liveness: str
    """What its liveness probe asks, such as "GET /livez"; empty without one."""
    readiness: str
    requests_cpu: str
    requests_memory: str
    memory_limit: str
    weaknesses: tuple[str, ...]
    """What it is allowed to do and need not, each as an end of "the container …"."""


@dataclass(frozen=True)
class Scale:
    """How many instances run in an environment."""

    place: str
    least: int
    most: int | None
    """None without an autoscaler."""


@dataclass(frozen=True)
class Workload:
    """Instances that are alike: a Deployment, a Job, a group of a job of Nomad."""

    name: str
    place: str
    serves: bool
    """Whether it runs until it is stopped; a migration does not."""
    containers: tuple[Container, ...]
    grace_seconds: float
    """How long the platform waits between SIGTERM and SIGKILL."""
    stop_signal: str
    waits_before_stop: bool
    """Whether the platform lets requests end before it sends the signal."""
    scales: tuple[Scale, ...]
    """Empty where the platform decides the number: one on each node."""
    fixed_replicas: str
    """Where a fixed number stands beside an autoscaler; empty where none does."""
    spread: Evidence | None
    """What spreads the instances over nodes."""
    disruption_budget: Evidence | None
    """What limits how many instances may stop at a time for their nodes."""
    token: str
    """Where a token of the platform's API gets into the containers; empty where none does."""
    limited_traffic: frozenset[str]
    """The directions that a network policy limits: ingress, egress."""


@dataclass(frozen=True)
class Exposure:
    """A port for operators, and who reaches it."""

    port: str
    place: str
    publicly: tuple[Evidence, ...]
    """What leads anyone to it."""


@dataclass(frozen=True)
class Platform:
    """All that runs on a platform."""

    workloads: Sequence[Workload]
    management: Sequence[Exposure]
    has_network_policies: bool
    """Whether such a platform has them."""
