"""What a drill breaks, one thing at a time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from .stack import Stack


@dataclass(frozen=True)
class Fault:
    """Something that breaks, the alert that tells of it, and where its cause is explained."""

    name: str
    what: str
    alert: str
    page: str
    paths: tuple[str, ...] = ("/faulty/things",)
    clients: int = 4
    broken: Callable[[Stack], AbstractContextManager[None]] = lambda _: nullcontext()


@contextmanager
def _restarted_after(stack: Stack) -> Iterator[None]:
    """What a handler has hoarded, only a restart gives back."""
    try:
        yield
    finally:
        stack.compose("restart", "service")
        stack.compose("up", "--detach", "--wait", "service")


def stopped(container: str) -> Callable[[Stack], AbstractContextManager[None]]:
    """A container is stopped for a while."""

    @contextmanager
    def stop(stack: Stack) -> Iterator[None]:
        stack.compose("stop", container)
        try:
            yield
        finally:
            stack.compose("up", "--detach", "--wait", container)

    return stop


WITHOUT_DATABASE = (
    Fault(
        "slow-dependency",
        "What the service asks takes 0.6 seconds to answer.",
        "LatencyBudgetBurnFast",
        "requests-are-slow",
        paths=("/faulty/slow?seconds=0.6",),
    ),
    Fault(
        "many-at-once",
        "More callers wait for that than may be served at once.",
        "ConcurrencySaturated",
        "requests-are-slow",
        paths=("/faulty/slow?seconds=2",),
        clients=16,
    ),
)

ANYWHERE = (
    Fault(
        "failures",
        "A release has a bug: one of two requests fails.",
        "AvailabilityBudgetBurnFast",
        "requests-fail-with-5xx",
        paths=("/faulty/things", "/faulty/fail?message=a-bug"),
    ),
    Fault(
        "blocked-loop",
        "Code blocks the event loop for 0.4 seconds at a time.",
        "EventLoopSlow",
        "the-event-loop-is-blocked",
        paths=("/faulty/block?seconds=0.4",),
        clients=1,
    ),
    Fault(
        "memory",
        "Memory is taken and not given back.",
        "MemoryNearLimit",
        "it-runs-out-of-memory",
        paths=("/faulty/hoard?megabytes=240",),
        clients=1,
        broken=_restarted_after,
    ),
    Fault(
        "gone",
        "The only instance is gone.",
        "ServiceDown",
        "it-does-not-start",
        broken=stopped("service"),
    ),
)
