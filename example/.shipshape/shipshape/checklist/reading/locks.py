"""The files that lock the dependencies."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import requirements
from ...errors import ShipshapeError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Lock:
    """A lock, and what is wrong with it; empty if it fits."""

    path: Path
    packages: int
    problem: str = ""


def locks(pyproject: dict[str, Any]) -> list[Lock]:
    """Those of Poetry, uv, PDM and Pipenv, and requirements that are all pinned."""
    found = [*_of_poetry(pyproject), *_of_uv(pyproject)]
    for name in ("pdm.lock", "pylock.toml", "Pipfile.lock"):
        if Path(name).exists():
            found.append(Lock(Path(name), Path(name).read_text("utf-8").count("sha256:")))
    return found or list(_of_requirements())


def _of_poetry(pyproject: dict[str, Any]) -> Iterator[Lock]:
    path = Path("poetry.lock")
    if not path.exists():
        return
    lock, problem = _toml(path), ""
    try:
        requirements.check(pyproject, lock)
    except requirements.LockError as error:
        problem = str(error)
    yield Lock(path, len(lock.get("package", ())), problem)


def _of_uv(pyproject: dict[str, Any]) -> Iterator[Lock]:
    path = Path("uv.lock")
    if not path.exists():
        return
    project = pyproject.get("project", {})
    packages = _toml(path).get("package", [])
    own: dict[str, Any] = next(
        (it for it in packages if it["name"] == _normal(project.get("name", ""))), {}
    )
    locked = {it["name"] for it in own.get("metadata", {}).get("requires-dist", ())}
    named = {_normal(it) for it in project.get("dependencies", ())}
    missing = ", ".join(sorted(named - locked))
    yield Lock(path, len(packages), missing and f"{path} lacks {missing}: run `uv lock`")


def _of_requirements() -> Iterator[Lock]:
    for path in sorted(Path().glob("requirements*.txt")):
        lines = re.sub(r"\\\n", " ", path.read_text("utf-8")).splitlines()
        named = [it for it in lines if _NAME.match(it.strip())]
        loose = [it.split()[0] for it in named if "==" not in it and " @ " not in it]
        unpinned = ", ".join(loose[:3])
        yield Lock(path, len(named), unpinned and f"{path} pins no version of {unpinned}")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ShipshapeError(f"{path} cannot be read: {error}") from None


def _normal(requirement: str) -> str:
    """The name of a requirement as locks have it."""
    name = _NAME.match(requirement)
    return re.sub(r"[._-]+", "-", name[0] if name else "").lower()
