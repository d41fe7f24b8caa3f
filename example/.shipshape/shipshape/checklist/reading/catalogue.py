"""The descriptor of the service, in the format of Backstage."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import marked_yaml
from .marked_yaml import within

FILE = Path("catalog-info.yaml")


@dataclass(frozen=True)
class Entity:
    """A document of the descriptor, such as the component."""

    document: Mapping[str, Any]
    place: str

    @property
    def kind(self) -> str:
        return str(self.document.get("kind", ""))

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations and the labels."""
        labels = within(self.document, "metadata", "labels")
        both = {**labels, **within(self.document, "metadata", "annotations")}
        return {str(name): str(value) for name, value in both.items()}

    @property
    def links(self) -> Mapping[str, str]:
        """The addresses by their titles, in small letters."""
        links = within(self.document, "metadata", "links") or []
        return {str(it.get("title", "")).lower(): str(it.get("url", "")) for it in links}


def component() -> Entity | None:
    """The service itself; None without a descriptor."""
    if not FILE.exists():
        return None
    documents = [Entity(it, marked_yaml.place(FILE, it)) for it in marked_yaml.documents(FILE)]
    return next((it for it in documents if it.kind == "Component"), None)
