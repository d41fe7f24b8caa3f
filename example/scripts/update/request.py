"""A request to merge, as any forge knows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """An open one."""

    number: int
    url: str
    draft: bool = False
