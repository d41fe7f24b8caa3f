"""The version and the commit that a service reports."""

from collections.abc import Iterator

import httpx2

from .configuration import Configuration
from .instance import Instance
from .metrics import Metrics, Series, scraped

_PARTS = ("version", "commit")
_OTHER_NAMES = {"commit": ("revision", "sha", "git")}


def metrics(found: Metrics) -> Iterator[Series]:
    """The series that are 1, and have both as labels."""
    for series, value in found.samples.items():
        if value == 1 and _names_both([name for name, _ in series.labels]):
            yield series


def is_complete(response: httpx2.Response) -> bool:
    """Whether a response is a JSON object with both."""
    try:
        found = response.json()
    except ValueError:
        return False
    return response.is_success and isinstance(found, dict) and _names_both(list(_names(found)))


def reporting(instance: Instance, configuration: Configuration, value: str) -> list[str]:
    """Where a version or a commit is found: in the metrics, at the endpoint for it."""
    places = {}
    if configuration.metrics:
        places["the metrics"] = scraped(instance, configuration).text
    if configuration.info:
        path = configuration.info
        places[f"GET {path}"] = instance.management.get(path).text
    return [place for place, text in places.items() if value in text]


def _names(found: dict[str, object]) -> Iterator[str]:
    for name, value in found.items():
        yield name
        if isinstance(value, dict):
            yield from _names(value)


def _names_both(names: list[str]) -> bool:
    return all(
        any(word in name.lower() for name in names for word in (part, *_OTHER_NAMES.get(part, ())))
        for part in _PARTS
    )
