"""The Dockerfiles of the repository."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import repository

_INSTRUCTION = re.compile(r"([A-Za-z]+)\s+(.*)", re.DOTALL)


@dataclass(frozen=True)
class Instruction:
    """An instruction, over one or more lines."""

    name: str
    """In capitals."""
    text: str
    place: str


@dataclass(frozen=True)
class Stage:
    """What starts with a FROM."""

    image: str
    """What it is based on, variables filled in: another stage, or an image."""
    name: str
    place: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Dockerfile:
    """The stages of an image; the last one is shipped."""

    path: Path
    stages: tuple[Stage, ...]

    @property
    def shipped(self) -> Stage:
        return self.stages[-1]


def dockerfiles() -> list[Dockerfile]:
    """Those that the repository has, in any folder; the one of the root first."""
    paths = repository.files_with("^(FROM|from) ", ":(glob)**/*Dockerfile*", "Containerfile")
    found = [_read(path) for path in sorted(paths, key=lambda it: len(it.parts))]
    return [it for it in found if it.stages]


def _read(path: Path) -> Dockerfile:
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in _instructions(path):
        if instruction.name == "ARG" and not stages:
            name, _, value = instruction.text.partition("=")
            arguments[name] = value.strip("\"'")
        elif instruction.name == "FROM":
            stages.append(_stage(instruction, arguments))
        elif stages:
            last = stages.pop()
            inside = (*last.instructions, instruction)
            stages.append(Stage(last.image, last.name, last.place, inside))
    return Dockerfile(path, tuple(stages))


def _stage(instruction: Instruction, arguments: dict[str, str]) -> Stage:
    words = [it for it in instruction.text.split() if not it.startswith("--")]
    image = re.sub(r"\$\{?(\w+)\}?", lambda it: arguments.get(it[1], it[0]), words[0])
    name = words[2] if len(words) == 3 and words[1].lower() == "as" else ""
    return Stage(image, name, instruction.place, ())


def _instructions(path: Path) -> list[Instruction]:
    found = []
    lines = iter(enumerate(path.read_text("utf-8").splitlines(), 1))
    for number, line in lines:
        if line.lstrip().startswith("#"):
            continue
        while line.rstrip().endswith("\\"):
            _, more = next(lines, (0, ""))
            line = line if more.lstrip().startswith("#") else line.rstrip()[:-1] + more
        if parts := _INSTRUCTION.match(line.strip()):
            found.append(Instruction(parts[1].upper(), parts[2].strip(), f"{path}:{number}"))
    return found
