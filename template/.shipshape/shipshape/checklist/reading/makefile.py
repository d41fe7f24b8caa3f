"""The targets of a Makefile."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAKEFILE = Path("Makefile")

_RULE = re.compile(r"([\w][\w. /-]*?)\s*::?(?!=)([^#=]*)(?:#.*)?$")
_INCLUDE = re.compile(r"-?include\s+(\S+)")


@dataclass(frozen=True)
class Target:
    """A target: what it needs, and the lines that it runs."""

    name: str
    place: str
    needs: tuple[str, ...]
    recipe: tuple[str, ...]


def targets(folder: Path) -> Mapping[str, Target]:
    """Those of the Makefile in a folder and of the files that it includes; none without one."""
    found: dict[str, Target] = {}
    for path, number, line, recipe in _rules(folder / MAKEFILE):
        rule = _RULE.match(line)
        for name in rule[1].split() if rule else ():
            before = found.get(name, Target(name, f"{path}:{number}", (), ()))
            needs = (*before.needs, *(rule[2].split() if rule else ()))
            place = f"{path}:{number}" if recipe else before.place
            found[name] = Target(name, place, needs, (*before.recipe, *recipe))
    return found


def _rules(path: Path) -> Iterator[tuple[Path, int, str, list[str]]]:
    """Each line that is no recipe, with the recipe below it."""
    if not path.exists():
        return
    lines = path.read_text("utf-8").splitlines()
    number = 0
    while number < len(lines):
        start, line = number, lines[number]
        number += 1
        recipe = []
        while number < len(lines) and lines[number].startswith("\t"):
            recipe.append(lines[number].strip())
            number += 1
        if included := _INCLUDE.match(line):
            yield from _rules(path.with_name(included[1]))
        yield path, start + 1, line, recipe
