"""Say how far each service of an organisation is behind the template.

    python -m updating.fleet FOLDER…

A folder is a clone of a service, or holds such clones. What is read is catalog-info.yaml, for the
service, its owner and the level of the checklist that it holds, and .copier-answers.yml, for the
release that it has.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.markdown import plain, table
from scripts.releases import OwnerError, Release, ReleaseError, git, read
from scripts.render import ROOT

CATALOG = "catalog-info.yaml"
ANSWERS = ".copier-answers.yml"
LEVEL = "shipshape/level"
LEVELS = ("none", "bronze", "silver", "gold")


class FleetError(Exception):
    """Its text is a sentence: what is wrong, what would be right."""


@dataclass(frozen=True)
class Service:
    """A line of the table. What could not be found out is None, and said among the problems."""

    service: str
    owner: str | None
    level: str | None
    release: str | None
    behind: int | None
    folder: str
    problems: Sequence[str]


COLUMNS: dict[str, Callable[[Service], str]] = {
    "Service": lambda it: it.service,
    "Owner": lambda it: it.owner or "",
    "Level": lambda it: it.level or "",
    "Release": lambda it: it.release or "",
    "Behind by": lambda it: "" if it.behind is None else str(it.behind),
    "Problems": lambda it: "; ".join(it.problems),
}
"""What the table shows of a service, in this order."""


def clones(folders: Iterable[Path]) -> Iterator[Path]:
    """The folders that are services, or that could be: those that are in git."""
    for folder in folders:
        if not folder.is_dir():
            raise FleetError(f"{folder} is no folder: name clones of services, or what holds them")
        inside = sorted(path for path in folder.iterdir() if is_clone(path))
        if is_clone(folder):
            yield folder
        elif inside:
            yield from inside
        else:
            raise FleetError(f"there is no clone in {folder}: name clones, or what holds them")


def is_clone(folder: Path) -> bool:
    """Whether a folder is the work tree of a repository, or a service all the same."""
    return any((folder / name).exists() for name in (".git", CATALOG, ANSWERS))


def template() -> str:
    """The name of the repository that this checkout was cloned from, "" where there is none."""
    try:
        return repository(git(ROOT, "remote", "get-url", "origin"))
    except OwnerError:
        raise
    except ReleaseError:
        return ""


def repository(address: str) -> str:
    """The last part of an address: forks and mirrors have it too, other templates have another."""
    return re.split("[/:]", address.rstrip("/"))[-1].removesuffix(".git")


def service(folder: Path, releases: Sequence[Release], template: str) -> Service:
    """What is known of a clone."""
    problems: list[str] = []
    component = next(
        (it for it in documents(folder / CATALOG, problems) if it.get("kind") == "Component"), {}
    )
    answers = next(iter(documents(folder / ANSWERS, problems)), {})
    release = answers.get("_commit")
    source = str(answers.get("_src_path") or "")
    other = template and source and repository(source) != template
    behind = newer(str(release), releases) if release and not other else None
    if other:
        problems.append(f"{ANSWERS} names another template, {source}")
    elif answers and behind is None:
        problems.append(f"{ANSWERS} names no release of this template")
    name = entry(component, "metadata", "name") or answers.get("service") or folder.resolve().name
    owner = entry(component, "spec", "owner")
    level = entry(component, "metadata", "annotations", LEVEL)
    if level not in (None, *LEVELS):
        problems.append(f"{LEVEL} in {CATALOG} must be one of {', '.join(LEVELS)}")
        level = None
    return Service(str(name), owner, level, release and str(release), behind, str(folder), problems)


def documents(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    """The mappings in a YAML file; why there are none is added to the problems."""
    try:
        found = list(yaml.safe_load_all(path.read_text("utf-8")))
    except FileNotFoundError:
        problems.append(f"no {path.name}")
        return []
    except (OSError, UnicodeError, yaml.YAMLError):
        problems.append(f"{path.name} cannot be read")
        return []
    mappings = [it for it in found if isinstance(it, dict)]
    if not mappings:
        problems.append(f"{path.name} cannot be read")
    return mappings


def entry(component: dict[str, Any], *path: str) -> str | None:
    """The value at a path of the descriptor."""
    found: Any = component
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return None if found is None else str(found)


def newer(release: str, releases: Sequence[Release]) -> int | None:
    """How many releases follow one. What lies between two has a name such as v1.0.0-2-g1a2b3c4."""
    tags = [each.tag for each in releases]
    tag = next((tag for tag in (release, release.split("-")[0]) if tag in tags), None)
    return None if tag is None else len(tags) - 1 - tags.index(tag)


def order(service: Service) -> tuple[bool, int, str]:
    """Those first of which it is not known, then those that are furthest behind."""
    return service.behind is not None, -(service.behind or 0), service.service


def cell(text: str) -> str:
    """Text that does not end its cell of the table."""
    return plain(text).replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m updating.fleet", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="for machines, in place of Markdown")
    given = parser.parse_args(arguments)
    try:
        releases, origin = read(), template()
        found = sorted((service(it, releases, origin) for it in clones(given.folders)), key=order)
    except (FleetError, ReleaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps([asdict(it) for it in found], indent=2))
    else:
        rows = ([cell(show(it)) for show in COLUMNS.values()] for it in found)
        print(table(tuple(COLUMNS), rows), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
