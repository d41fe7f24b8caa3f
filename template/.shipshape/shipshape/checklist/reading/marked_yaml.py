"""YAML whose mappings know their lines, so that a check can say where a fault is."""

import functools
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from ...errors import ShipshapeError


def documents(path: Path) -> list[CommentedMap]:
    """The mappings in a file, for reading alone; ShipshapeError if it cannot be read."""
    try:
        return _documents(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ShipshapeError(f"{path} cannot be read: {' '.join(str(error).split())}") from None


@functools.cache  # many checks read the same files, and reading takes most of their time
def _documents(text: str) -> list[CommentedMap]:
    return [it for it in YAML(pure=True).load_all(text) if isinstance(it, CommentedMap)]


def place(path: Path, node: Any) -> str:
    """The file, and the line where a mapping or a list of it starts."""
    mark = getattr(node, "lc", None)
    return str(path) if mark is None or mark.line is None else f"{path}:{mark.line + 1}"


def within(node: Any, *keys: str) -> Any:
    """What is at the end of a path of keys; {} where the path ends early."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return {} if node is None else node
