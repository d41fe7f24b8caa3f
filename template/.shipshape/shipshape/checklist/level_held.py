"""The level that the service holds: an annotation in catalog-info.yaml, which people set.

An annotation, as Backstage lets any tool add what does not identify an entity.
"""

from pathlib import Path
from typing import Any

from .. import yaml_files
from ..errors import ShipshapeError
from .check import Level
from .decisions import ConfigurationError

FILE = Path("catalog-info.yaml")
ANNOTATION = "shipshape/level"
NONE = "none"
"""The level of a service that holds none yet: no check fails its pipeline."""


def read() -> Level | None:
    """The level; None where the annotation is `none`, and bronze where it is not there.

    ConfigurationError for any other value that is no level.
    """
    metadata = _metadata_of_component() if FILE.exists() else {}
    if ANNOTATION in _mapping(metadata, "labels"):
        raise ConfigurationError(f"{FILE}: {ANNOTATION} must be an annotation, not a label")
    name = _mapping(metadata, "annotations").get(ANNOTATION, str(Level.BRONZE))
    levels = {NONE: None} | {str(level): level for level in Level}
    if not isinstance(name, str) or name not in levels:
        raise ConfigurationError(
            f"{FILE}: {ANNOTATION} is {name!r}: it must be none, bronze, silver or gold"
        )
    return levels[name]


def _metadata_of_component() -> dict[str, Any]:
    try:
        documents = yaml_files.read_all(FILE)
    except ShipshapeError as error:
        raise ConfigurationError(str(error)) from None
    components = (it for it in documents if isinstance(it, dict) and it.get("kind") == "Component")
    return _mapping(next(components, {}), "metadata")


def _mapping(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise ConfigurationError(f"{FILE}: {name} of the Component must be names with values")
    return found
