"""Lines of an instance's log."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .instance import Instance
from .operations import Request

_PATIENCE_SECONDS = 5.0
_SETTLED_SECONDS = 0.5
"""Services may write their lines together, a moment later."""

Line = dict[str, Any]


def mentioning(instance: Instance, value: str) -> list[Line]:
    """The lines with this value, once there is one, and those that follow it at once."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _with(instance, value) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.05)
    return _with(instance, value)


def _with(instance: Instance, value: str) -> list[Line]:
    return [line for line in instance.log if value in json.dumps(line)]


def fields_of(line: Line, value: str) -> list[str]:
    """The names of the fields that have this value."""
    return [name for name, it in line.items() if it == value]


def written(instance: Instance, before: int = 0) -> int:
    """The number of lines, once there are more than before and no more come."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _count(instance) <= before and time.monotonic() < deadline:
        time.sleep(0.02)
    lines = -1
    while lines < _count(instance):
        lines = _count(instance)
        time.sleep(_SETTLED_SECONDS)
    return lines


def is_silent(instance: Instance, request: Request) -> bool:
    """Whether a request leaves no line."""
    before = written(instance)
    request.send(instance.api)
    time.sleep(2 * _SETTLED_SECONDS)
    return _count(instance) == before


def no_objects(instance: Instance) -> Iterator[tuple[str, str]]:
    """The lines that are not JSON objects, each with its stream and number."""
    for stream, text in (("stdout", instance.output), ("stderr", instance.errors)):
        for number, line in enumerate(text.splitlines(), 1):
            if not _is_object(line):
                yield f"{stream}:{number}", line


def _count(instance: Instance) -> int:
    return len(instance.output.splitlines())


def _is_object(text: str) -> bool:
    with suppress(ValueError):
        return isinstance(json.loads(text), dict)
    return False
