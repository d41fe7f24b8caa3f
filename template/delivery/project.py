"""What pyproject.toml says of the service, and where a variable outweighs it."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from .errors import DeliveryError

ROOT = Path(__file__).resolve().parents[1]

_IMAGE = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-][a-z0-9]+)*)+")


def service_name() -> str:
    """The name of the service, such as price-list."""
    return str(_pyproject()["project"]["name"])


def image() -> str:
    """Where its images are kept: a registry and a path, without a tag."""
    path = os.environ.get("IMAGE") or _setting("image")
    if not isinstance(path, str) or not _IMAGE.fullmatch(path):
        raise DeliveryError(
            f"{path!r} is no image: IMAGE, or image in [tool.delivery] of pyproject.toml, must be "
            "a registry and a path without a tag, such as ghcr.io/your-organisation/orders"
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
        raise DeliveryError(
            f"{name} in [tool.delivery] of pyproject.toml is {value!r}: "
            f"it must be a number from 0 to {highest}"
        )
    return value


def _setting(name: str) -> object:
    return _pyproject().get("tool", {}).get("delivery", {}).get(name)


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
