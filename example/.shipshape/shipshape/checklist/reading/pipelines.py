"""The jobs of the pipelines, of GitHub Actions and of GitLab CI."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Event(StrEnum):
    """What starts a pipeline."""

    CHANGE = "change"
    """A pull request or a merge request; any one, whatever it changes."""
    MAIN = "main"
    """A change that is merged."""
    MANUAL = "manual"
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Step:
    """A shell command of a job, or an action with its inputs."""

    place: str
    command: str = ""
    action: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    blocks: bool = True
    """Whether its failure fails the job."""
    folder: str = "."
    """Where it runs."""


@dataclass(frozen=True)
class Job:
    """A job, once for each entry of its matrix."""

    name: str
    """As the forge shows it."""
    place: str
    events: frozenset[Event]
    steps: tuple[Step, ...]
    blocks: bool = True
    """Whether its failure fails the pipeline."""
    environment: str = ""
    """What it deploys to."""
    inputs: tuple[str, ...] = ()
    """What is asked of the person who starts it."""


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with shell variables, and expressions of GitHub, that are known."""

    def value(found: re.Match[str]) -> str:
        name = next(filter(None, found.groups()))
        return values.get(name, found[0])

    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}|\$\{(\w+)\}|\$(\w+)", value, text)


def commands(script: str | Iterable[str]) -> list[str]:
    """The commands of a script, those over several lines as one; comments are left out."""
    text = script if isinstance(script, str) else "\n".join(script)
    lines = (line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines())
    return [line for line in lines if line and not line.startswith("#")]
