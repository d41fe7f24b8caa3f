"""The manifests of Kubernetes in the repository, and the kustomizations over them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from . import repository
from .marked_yaml import documents, place, within

SERVING = ("Deployment", "StatefulSet", "DaemonSet")
ENDING = ("Job", "CronJob")
ROUTES = ("Ingress", "IngressRoute", "HTTPRoute", "VirtualService")
OTHERS = (
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
)

_FILES = ("*.yaml", "*.yml")
_KUSTOMIZATIONS = ("*kustomization.yaml", "*kustomization.yml", "*Kustomization")


@dataclass(frozen=True)
class Manifest:
    """A resource, and the file that has it."""

    path: Path
    content: Any

    @property
    def kind(self) -> str:
        return str(self.content.get("kind"))

    @property
    def name(self) -> str:
        return str(within(self.content, "metadata", "name"))

    @property
    def place(self) -> str:
        return place(self.path, self.content)

    @property
    def pods(self) -> Any:
        """The template of the pods of a workload."""
        job = ("jobTemplate", "spec") if self.kind == "CronJob" else ()
        return within(self.content, "spec", *job, "template")

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the pods, as far as the file has them."""
        selected = within(self.content, "spec", "selector", "matchLabels")
        return {**selected, **within(self.pods, "metadata", "labels")}


@dataclass(frozen=True)
class Manifests:
    """All resources of the repository, but those that only patch others."""

    manifests: tuple[Manifest, ...]
    kustomizations: tuple[Manifest, ...]

    def of(self, *kinds: str) -> Iterator[Manifest]:
        return (it for it in self.manifests if it.kind in kinds)

    def labels(self, workload: Manifest) -> dict[str, str]:
        """The labels of its pods, with those that the kustomization beside it adds."""
        added = dict(workload.labels)
        for kustomization in self.kustomizations:
            if kustomization.path.parent == workload.path.parent:
                added |= within(kustomization.content, "commonLabels")
                for entry in kustomization.content.get("labels") or ():
                    added |= within(entry, "pairs")
        return added

    def patched(self, kind: str, field: str) -> dict[str, int]:
        """The numbers that overlays give to a field of spec, by their places."""
        found = {}
        for kustomization in self.kustomizations:
            for patch in kustomization.content.get("patches") or ():
                if (number := _patched(kustomization.path.parent, patch, kind, field)) is not None:
                    found[place(kustomization.path, patch)] = number
        return found


def read() -> Manifests:
    """ShipshapeError if a file cannot be read, such as a template of Helm."""
    kinds = "|".join((*SERVING, *ENDING, *ROUTES, *OTHERS))
    kustomizations = tuple(
        Manifest(path, document)
        for path in repository.files_with(".", *_KUSTOMIZATIONS)
        for document in documents(path)
    )
    patches = {
        it.path.parent / str(patch["path"])
        for it in kustomizations
        for patch in it.content.get("patches") or ()
        if "path" in patch
    }
    files = repository.files_with(rf"^kind: *[\"']?({kinds})\b", *_FILES)
    manifests = (
        Manifest(path, document)
        for path in files
        if path not in patches
        for document in documents(path)
    )
    return Manifests(tuple(manifests), kustomizations)


def selects(selector: Any, labels: dict[str, str]) -> bool:
    """Whether pods with these labels are selected; an empty selector selects all.

    Expressions are not evaluated: they count as selecting others.
    """
    wanted = within(selector, "matchLabels")
    return not within(selector, "matchExpressions") and all(
        labels.get(name) == value for name, value in wanted.items()
    )


def _patched(folder: Path, patch: Any, kind: str, field: str) -> int | None:
    """The number that a patch of a kustomization gives to a field of the spec of a kind."""
    text = patch.get("patch")
    if text is None and "path" in patch:
        text = (folder / str(patch["path"])).read_text("utf-8")
    changes = YAML(typ="safe", pure=True).load(text or "")
    if isinstance(changes, Mapping):
        value = within(changes, "spec").get(field) if changes.get("kind") == kind else None
        return value if isinstance(value, int) else None
    for change in changes or ():
        ours = within(patch, "target").get("kind") == kind
        if ours and change.get("path") == f"/spec/{field}" and isinstance(change.get("value"), int):
            return int(change["value"])
    return None
