"""What a command runs in the end: the recipes of make, hooks of pre-commit, scripts."""

import re
from collections.abc import Iterator
from pathlib import Path

from . import makefile, marked_yaml
from .pipelines import commands

OPAQUE = re.compile(
    r"^(?:\S*(?:uv|poetry|pdm) run |\S*python3? -m )?"
    r"(?:tox|nox|invoke|inv|just|task|poe|bazel|pants)\b|^(?:hatch|pdm|npm) run\b"
)
"""Programs that run commands of a file which is not read here."""

_HOOKS = Path(".pre-commit-config.yaml")
_RUNS_HOOKS = re.compile(r"\b(pre-commit|prek) run\b|pre-commit/action")
_MAKE = re.compile(r"(?:\$\(MAKE\)|\bmake\b)((?:\s+[^\s;&|]+)+)")
_SCRIPT = re.compile(r"(?:^|\s|/)((?:[\w.-]+/)*[\w.-]+\.sh|(?:bin|scripts?)/[\w./-]+)")


def behind(command: str, folder: Path) -> list[str]:
    """The commands that an entry point runs in a folder; none where it is no entry point."""
    return list(_behind(command, folder, set()))


def _behind(command: str, folder: Path, seen: set[str]) -> Iterator[str]:
    for name in _targets(command):
        yield from _of_target(name, folder, seen)
    if _RUNS_HOOKS.search(command):
        yield from _hooks()
    script = _SCRIPT.search(command)
    path = folder / script[1] if script else folder
    if path.is_file() and str(path) not in seen:
        seen.add(str(path))
        for line in commands(path.read_text("utf-8", "replace")):
            yield line
            yield from _behind(line, folder, seen)


def _targets(command: str) -> list[str]:
    """The targets that a command of make names."""
    found = _MAKE.search(command)
    words = found[1].split() if found else []
    return [word.strip("\"'") for word in words if not re.match(r"-|\w+=", word)]


def _of_target(name: str, folder: Path, seen: set[str]) -> Iterator[str]:
    target = makefile.targets(folder).get(name)
    if target is None or f"make {name}" in seen:
        return
    seen.add(f"make {name}")
    for needed in target.needs:
        yield from _of_target(needed, folder, seen)
    for line in target.recipe:
        yield line
        yield from _behind(line, folder, seen)


def _hooks() -> Iterator[str]:
    """The hooks of pre-commit, each as a command."""
    for document in marked_yaml.documents(_HOOKS) if _HOOKS.exists() else ():
        for repository in document.get("repos") or ():
            for hook in repository.get("hooks") or ():
                yield str(hook.get("entry", hook.get("id", "")))
