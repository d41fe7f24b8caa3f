"""How new versions replace old ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import manifests, nomad
from .manifests import Manifest
from .marked_yaml import within


@dataclass(frozen=True)
class Rollout:
    """The strategy of a workload that serves, or what is wrong with it."""

    workload: str
    place: str
    strategy: str = ""
    problem: str = ""


def rollouts() -> list[Rollout]:
    """Those of Deployments, StatefulSets and jobs of Nomad."""
    found = [_of_manifest(it) for it in manifests.read().of("Deployment", "StatefulSet")]
    return [*found, *_of_nomad()]


def _of_manifest(manifest: Manifest) -> Rollout:
    name, spec = f"{manifest.kind} {manifest.name}", within(manifest.content, "spec")
    strategy = spec.get("strategy") or spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    match strategy.get("type"):
        case None:
            return Rollout(name, manifest.place, problem="has no strategy")
        case "Recreate":
            return Rollout(name, manifest.place, problem="stops all instances before new ones run")
        case "RollingUpdate" if manifest.kind == "Deployment":
            if missing := [it for it in ("maxSurge", "maxUnavailable") if it not in rolling]:
                return Rollout(name, manifest.place, problem=f"leaves {missing[0]} to the cluster")
    limits = ", ".join(f"{key} {value}" for key, value in rolling.items())
    return Rollout(name, manifest.place, f"{strategy['type']}, {limits}".removesuffix(", "))


def _of_nomad() -> Iterator[Rollout]:
    for job in nomad.jobs():
        if job.attributes.get("type", "service") != "service":
            continue
        blocks = (*job.all("update"), *job.all("group", "update"))
        update = next((it.attributes for it in blocks), {})
        missing = [it for it in ("max_parallel", "health_check") if it not in update]
        if missing:
            yield Rollout(job.name, job.place, problem=f"sets no {missing[0]} in a block update")
        else:
            yield Rollout(job.name, blocks[0].place, f"max_parallel {update['max_parallel']}")
