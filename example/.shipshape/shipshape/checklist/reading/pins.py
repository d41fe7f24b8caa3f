"""What pipelines and images are built from, and whether a hash says which version of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import gitlab, repository
from .dockerfile import dockerfiles
from .marked_yaml import documents, place

_USES = re.compile(r"^-? *uses: *[\"']?([^\s\"'#]+)")
_LOCAL = ("./", "$/")
_HASH = re.compile(r"@(sha256:[0-9a-f]{64}|[0-9a-f]{40})$")


@dataclass(frozen=True)
class Dependency:
    """An action, an image or a part of a pipeline."""

    name: str
    place: str

    @property
    def is_pinned(self) -> bool:
        return bool(_HASH.search(self.name))


def dependencies() -> list[Dependency]:
    """Those of workflows, jobs and Dockerfiles; variables that stand for one are left out."""
    found = (*_actions(), *_images_of_jobs(), *_base_images())
    return [it for it in found if not it.name.startswith("$")]


def _actions() -> Iterator[Dependency]:
    for line in repository.grep(r"^ *-? *uses: ", ":(glob).github/**"):
        if (found := _USES.match(line.text)) and not found[1].startswith(_LOCAL):
            yield Dependency(found[1], line.place)


def _images_of_jobs() -> Iterator[Dependency]:
    for path in repository.files_with(".", str(gitlab.FILE), ":(glob).gitlab/**/*.yml"):
        for document in documents(path):
            yield from _of_node(path, document)


def _of_node(path: Path, node: Any) -> Iterator[Dependency]:
    """The images, services and foreign includes somewhere in a pipeline of GitLab."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if key in ("image", "services"):
                name = entry.get("name") if isinstance(entry, dict) else entry
                yield Dependency(str(name), place(path, node))
            elif key == "include" and isinstance(entry, dict) and "local" not in entry:
                kind = next(iter(entry))
                version = f"@{entry['ref']}" if "ref" in entry else ""
                yield Dependency(f"{entry[kind]}{version}", place(path, entry))
            else:
                yield from _of_node(path, entry)


def _base_images() -> Iterator[Dependency]:
    for image in dockerfiles():
        stages = {"scratch", *(it.name for it in image.stages)}
        for stage in image.stages:
            if stage.image not in stages:
                yield Dependency(stage.image, stage.place)
