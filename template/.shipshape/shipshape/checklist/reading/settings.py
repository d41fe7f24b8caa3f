"""The settings classes of the service, read without importing it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import repository

_ROOT = "BaseSettings"
_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "example.env")
_ASSIGNMENT = re.compile(r"^#? ?(?:export )?([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)


@dataclass(frozen=True)
class Variable:
    """An environment variable that a field is read from."""

    name: str
    place: str


def variables() -> list[Variable]:
    """Those of all classes that are derived from BaseSettings of pydantic."""
    found: dict[str, Variable] = {}
    classes = list(_classes())
    names = {_ROOT}
    for _ in classes:  # a class may stand before the one that it is derived from
        names |= {node.name for _, node in classes if names & set(map(_name, node.bases))}
    for path, node in classes:
        if names & set(map(_name, node.bases)):
            for variable in _variables(path, node):
                found.setdefault(variable.name, variable)
    return list(found.values())


def example() -> Path:
    """The file that lists them, such as .env.example, whether it exists or not."""
    paths = [Path(name) for name in _EXAMPLES]
    return next((path for path in paths if path.exists()), paths[0])


def listed() -> set[str]:
    """The variables in that file, also those that are commented out."""
    return set(_ASSIGNMENT.findall(example().read_text("utf-8")))


def _classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in repository.files_with(r"^ *class .*Settings", "*.py", ":!tests"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
            if isinstance(node, ast.ClassDef):
                yield path, node


def _variables(path: Path, node: ast.ClassDef) -> Iterator[Variable]:
    prefix = _prefix(node)
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            name = field.target.id
            if name != "model_config" and not name.startswith("_"):
                variable = _alias(field.value) or f"{prefix}{name}"
                yield Variable(variable.upper(), f"{path}:{field.lineno}")


def _prefix(node: ast.ClassDef) -> str:
    """The env_prefix of the class."""
    for keyword in (it for it in ast.walk(node) if isinstance(it, ast.keyword)):
        if keyword.arg == "env_prefix" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return ""


def _alias(value: ast.expr | None) -> str:
    """The first alias of a field; empty without one."""
    for keyword in getattr(value, "keywords", ()):
        if keyword.arg in ("alias", "validation_alias"):
            constants = (it for it in ast.walk(keyword.value) if isinstance(it, ast.Constant))
            return next((it.value for it in constants if isinstance(it.value, str)), "")
    return ""


def _name(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
