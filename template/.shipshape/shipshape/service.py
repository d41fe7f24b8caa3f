"""What a service says of itself: the answers that Copier recorded, and pyproject.toml.

All paths start in the folder of the service, which is the current one.
"""

import os
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from . import template
from .errors import ShipshapeError

ANSWERS = Path(template.ANSWERS)

_IMAGE = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-][a-z0-9]+)*)+")


@dataclass(frozen=True)
class Answers:
    """The answers that decide which modules do the work."""

    service: str
    package: str
    database: str
    ci: str
    deploy: str


def answers() -> Answers:
    """ShipshapeError where the file of the answers is not there, or lacks one."""
    try:
        given = YAML(typ="safe", pure=True).load(ANSWERS.read_text("utf-8"))
        return Answers(**{it.name: str(given[it.name]) for it in fields(Answers)})
    except OSError:
        raise ShipshapeError(
            f"{ANSWERS} is missing: restore it with `git checkout HEAD -- {ANSWERS}`"
        ) from None
    except YAMLError as error:
        raise ShipshapeError(f"{ANSWERS} cannot be read: {' '.join(str(error).split())}") from None
    except (KeyError, TypeError) as error:
        raise ShipshapeError(
            f"{ANSWERS} has no answer {error}: restore the file as Copier wrote it"
        ) from None


def name() -> str:
    """The name of the service, such as price-list."""
    return str(_pyproject()["project"]["name"])


def image() -> str:
    """Where its images are kept: a registry and a path, without a tag."""
    path = os.environ.get("IMAGE") or _setting("image")
    if not isinstance(path, str) or not _IMAGE.fullmatch(path):
        raise ShipshapeError(
            f"{path!r} is no image: IMAGE, or image in [tool.delivery] of pyproject.toml, must be "
            "a registry and a path without a tag, such as ghcr.io/acme/orders"
        )
    return path


def watch_seconds() -> float:
    """How long a roll-out is watched before it counts as good."""
    return _number("watch_seconds", highest=3600)


def max_error_ratio() -> float:
    """The share of requests, 0 to 1, that may fail meanwhile."""
    return _number("max_error_ratio", highest=1)


def _number(name: str, highest: float) -> float:
    value = _setting(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise ShipshapeError(
            f"{name} in [tool.delivery] of pyproject.toml is {value!r}: "
            f"it must be a number from 0 to {highest}"
        )
    return value


def _setting(name: str) -> object:
    return _pyproject().get("tool", {}).get("delivery", {}).get(name)


def _pyproject() -> dict[str, Any]:
    return tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
