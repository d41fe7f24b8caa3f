"""What the pipelines run, with the commands behind each of their own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..check import unknown
from . import entry_points, github, gitlab
from .pipelines import Event, Job

_OTHERS = (
    ".buildkite",
    ".circleci",
    ".drone.yml",
    ".tekton",
    ".travis.yml",
    ".woodpecker.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
)


@dataclass(frozen=True)
class Run:
    """A command that a pipeline runs, or an action."""

    command: str
    place: str
    job: str
    entry_point: str = ""
    """The command of the pipeline that it is behind, such as `make lint`."""


def jobs() -> Sequence[Job]:
    """All jobs; an AssertionError without any, and unknown for pipelines of another forge."""
    found = [*github.jobs(), *gitlab.jobs()]
    if not found and (other := next((it for it in _OTHERS if Path(it).exists()), None)):
        unknown(f"{other} is neither of GitHub Actions nor of GitLab CI")
    assert found, "there is no pipeline: neither .github/workflows/ nor .gitlab-ci.yml has a job"
    return found


def on(event: Event, jobs: Iterable[Job]) -> list[Run]:
    """What runs on an event and fails the pipeline if it fails."""
    found = []
    for job in (it for it in jobs if event in it.events and it.blocks):
        for step in (it for it in job.steps if it.blocks):
            found.append(Run(step.command or step.action, step.place, job.name))
            for line in entry_points.behind(step.command or step.action, Path(step.folder)):
                found.append(Run(line, step.place, job.name, step.command or step.action))
    return found


def matching(pattern: re.Pattern[str], found: Iterable[Run]) -> list[Run]:
    """The runs whose command matches."""
    return [it for it in found if pattern.search(it.command)]
