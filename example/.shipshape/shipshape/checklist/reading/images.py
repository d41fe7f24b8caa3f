"""The images that pipelines push and manifests deploy."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import dockerfile, manifests, nomad
from .dockerfile import Instruction
from .manifests import ENDING, SERVING, Manifest
from .marked_yaml import place, within
from .pipelines import Event, Job
from .runs import Run

_TAGGED = re.compile(r"(?:\s-t|--tag|--destination|\bpush)[ =]+[\"']?([^\s\"']+)")
_BRANCHES = {"main", "master", "dev", "develop"}
_ENVIRONMENTS = {"staging", "prod", "production"}
_MOVING = {"", "latest", "stable", "edge", "nightly"} | _BRANCHES | _ENVIRONMENTS
_COMMIT = re.compile(r"image\.revision=\S|\b\w*(COMMIT|REVISION|GIT_SHA)\w*=\$", re.IGNORECASE)


@dataclass(frozen=True)
class Image:
    """A name of an image, with its tag or digest."""

    name: str
    place: str

    @property
    def moves(self) -> bool:
        """Whether the name may stand for another image tomorrow."""
        name, _, digest = self.name.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        return not digest and tag in _MOVING


def pushed(found: Iterable[Run], jobs: Iterable[Job]) -> Iterator[Image]:
    """What the pipeline of main tags."""
    for run in found:
        for name in _TAGGED.findall(run.command):
            if ":" in name.rpartition("/")[2]:
                yield Image(name, run.place)
    for step in (step for job in jobs if Event.MAIN in job.events for step in job.steps):
        if "build-push-action" in step.action:
            tags = map(str.strip, re.split(r"[\n,]", step.inputs.get("tags", "")))
            yield from (Image(name, step.place) for name in tags if name)


def deployed() -> Iterator[Image]:
    """What manifests name. What a variable stands for is given by the deployment."""
    for manifest in workloads():
        spec = within(manifest.pods, "spec")
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            yield Image(str(container.get("image", "")), place(manifest.path, container))
    for job in nomad.jobs():
        for task in job.all("group", "task"):
            if image := task.first("config").attributes.get("image"):
                yield Image(image, task.place)


def workloads() -> Sequence[Manifest]:
    """The workloads of Kubernetes."""
    return list(manifests.read().of(*SERVING, *ENDING))


def revision() -> Instruction | None:
    """The instruction that labels the image with its commit."""
    for file in dockerfile.dockerfiles()[:1]:
        for instruction in file.shipped.instructions:
            if instruction.name in ("LABEL", "ENV") and _COMMIT.search(instruction.text):
                return instruction
    return None
