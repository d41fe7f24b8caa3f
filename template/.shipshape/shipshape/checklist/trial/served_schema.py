"""The OpenAPI document as the service serves it, beside the committed one."""

from collections.abc import Iterator
from typing import Any

MOST_DIFFERENCES = 10


def differences(committed: Any, served: Any, place: str = "") -> Iterator[str]:
    """The places where they differ, such as paths /items get."""
    if isinstance(committed, dict) and isinstance(served, dict):
        for name in [*committed, *(it for it in served if it not in committed)]:
            within = f"{place} {name}".strip()
            if name not in served:
                yield f"{within} is not served"
            elif name not in committed:
                yield f"{within} is served, and not committed"
            else:
                yield from differences(committed[name], served[name], within)
    elif isinstance(committed, list) and isinstance(served, list):
        if len(committed) != len(served):
            yield f"{place} has {len(served)} entries as it is served, not {len(committed)}"
        for number, pair in enumerate(zip(committed, served, strict=False)):
            yield from differences(*pair, f"{place} {number}")
    elif committed != served:
        yield f"{place} is {served!r} as it is served, and {committed!r} as committed"
