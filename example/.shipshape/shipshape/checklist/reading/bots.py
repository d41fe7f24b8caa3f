"""The bots that propose newer dependencies."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import marked_yaml

_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
_RENOVATE = (
    "renovate.json",
    "renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".github/renovate.json",
    ".gitlab/renovate.json",
)
_OF_PYTHON = {"pip", "uv", "poetry", "pep621", "pip_requirements", "pipenv"}


@dataclass(frozen=True)
class Bot:
    """A bot. `proposes` is empty if its configuration leaves Python packages out."""

    name: str
    place: str
    proposes: str


def bots() -> Iterator[Bot]:
    """Those that are configured in the repository."""
    for path in filter(Path.exists, map(Path, _DEPENDABOT)):
        for document in marked_yaml.documents(path):
            updates = document.get("updates") or []
            given = {str(it.get("package-ecosystem")): it for it in updates}
            every = [f"{name}, {_interval(given[name])}" for name in given if name in _OF_PYTHON]
            yield Bot("Dependabot", str(path), "; ".join(every))
    for path in filter(Path.exists, map(Path, _RENOVATE)):
        yield Bot("Renovate", str(path), _of_renovate(path))


def _interval(update: Any) -> str:
    return str((update.get("schedule") or {}).get("interval", "without a schedule"))


def _of_renovate(path: Path) -> str:
    try:
        settings = json.loads(path.read_text("utf-8"))
    except ValueError:  # JSON5, with comments
        return "what its preset says"
    managers = settings.get("enabledManagers")
    if settings.get("enabled") is False or managers and not _OF_PYTHON & set(managers):
        return ""
    return ", ".join(managers or ["all managers"])
