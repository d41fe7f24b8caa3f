"""How often, and how regularly, the service sends a request again that was not answered well."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .instance import Instance
from .operations import Request
from .outgoing import OtherServices, Outgoing

REPETITIONS = 4
MOST_ATTEMPTS = 10
_IDEMPOTENT = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PUT"})
_SAME_SECONDS = 0.01

Attempts = Sequence[Outgoing]


def provoked(
    instance: Instance, request: Request, others: OtherServices
) -> dict[str, list[Attempts]]:
    """Send a request some times: what goes out each time, by method and address."""
    found: dict[str, list[Attempts]] = defaultdict(list)
    for _ in range(REPETITIONS):
        others.requests.clear()
        request.send(instance.api)
        sent: dict[str, list[Outgoing]] = defaultdict(list)
        for it in others.requests:
            sent[str(it)].append(it)
        for name, attempts in sent.items():
            found[name].append(attempts)
    return found


def faults(name: str, times: Sequence[Attempts]) -> Iterator[str]:
    """What is wrong with the attempts of a request, each time that it was provoked."""
    first, most = times[0][0], max(map(len, times))
    if most > MOST_ATTEMPTS:
        yield f"{name} is sent {most} times when it fails"
    if most > 1 and first.method not in _IDEMPOTENT and "idempotency-key" not in first.headers:
        yield f"{name} is sent {most} times when it fails, and is not idempotent"
    if most > 1 and len(times) > 1 and _is_regular(times):
        yield f"{name} is sent again after the same time, without jitter"


def _is_regular(times: Sequence[Attempts]) -> bool:
    pauses = [[b.moment - a.moment for a, b in pairwise(attempts)] for attempts in times]
    return all(max(same) - min(same) < _SAME_SECONDS for same in zip(*pauses, strict=False))
