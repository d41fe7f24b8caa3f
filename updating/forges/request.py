"""A request to merge, as any forge knows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One that is open, or was closed without merging."""

    number: int
    url: str
    title: str
    draft: bool = False
