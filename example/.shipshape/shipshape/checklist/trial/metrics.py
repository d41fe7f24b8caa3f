"""The metrics of an instance, in the text format of Prometheus."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..check import unknown
from .configuration import Configuration
from .instance import Instance

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? +(\S+)", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_TYPE = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Series:
    """A name with its labels."""

    name: str
    labels: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        labels = ", ".join(f'{name}="{value}"' for name, value in self.labels)
        return self.name + "{" + labels + "}"

    @property
    def values(self) -> list[str]:
        """The values of its labels."""
        return [value for _, value in self.labels]


@dataclass(frozen=True)
class Metrics:
    """What a scrape found."""

    text: str
    samples: Mapping[Series, float]

    @property
    def gauges(self) -> set[str]:
        """The names of all gauges."""
        return {name for name, kind in _TYPE.findall(self.text) if kind == "gauge"}

    @property
    def names(self) -> set[str]:
        return {series.name for series in self.samples}

    def increases(self, before: "Metrics") -> Iterator[tuple[Series, float]]:
        """The series that grew since an earlier scrape, and by how much; new ones start at 0."""
        for series, value in self.samples.items():
            if (increase := value - before.samples.get(series, 0)) > 0:
                yield series, increase


def scraped(instance: Instance, configuration: Configuration) -> Metrics:
    """The metrics as they are now; ends the check if there are none."""
    response = instance.management.get(configuration.need("metrics"))
    if not response.is_success:
        unknown(f"GET {response.url.path} got {response.status_code}")
    return parsed(response.text)


def parsed(text: str) -> Metrics:
    """The samples of a text."""
    samples = {
        Series(name, tuple(_LABEL.findall(labels))): float(value)
        for name, labels, value in _SAMPLE.findall(text)
    }
    return Metrics(text, samples)
