"""What is true of any forge: its API, asked through its command-line program."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ShipshapeError


@dataclass(frozen=True)
class Change:
    """One thing that has rules: how it is, how it should be, and what makes it so.

    before is None where there is no such thing.
    """

    name: str
    before: object
    after: object
    apply: Callable[[], object]


def ask(program: str, path: str, *, method: str = "GET", body: object = None) -> Any:
    """What the API answers, None where it knows nothing by this path."""
    command = [program, "api", "--method", method, "--header", "Content-Type: application/json"]
    if body is not None:
        command += ["--input", "-"]
    try:
        done = subprocess.run(
            [*command, path],
            input=None if body is None else json.dumps(body),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise ShipshapeError(
            f"{program} is needed to ask the forge: install it and log in"
        ) from None
    if done.returncode == 0:
        return json.loads(done.stdout) if done.stdout.strip() else {}
    if method == "GET" and "(HTTP 404)" in done.stderr:
        return None
    said = done.stderr.strip().splitlines() or ["it does not say why"]
    raise ShipshapeError(f"{program} api --method {method} {path}: {said[-1]}")


def only(wanted: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Of a state what the rules speak of: the forge adds ids, links and its own defaults."""
    if state is None:
        return None
    return {name: _only(value, state.get(name)) for name, value in wanted.items()}


def _only(wanted: Any, state: Any) -> Any:
    if isinstance(wanted, Mapping) and isinstance(state, Mapping):
        return only(wanted, state)
    if isinstance(wanted, list) and isinstance(state, list) and len(wanted) == len(state):
        pairs = zip(sorted(wanted, key=_name), sorted(state, key=_name), strict=True)
        return [_only(*pair) for pair in pairs]
    return state


def _name(item: Any) -> str:
    """What a list is ordered by: the forge has an order of its own."""
    return str(item.get("type") or item.get("context")) if isinstance(item, dict) else str(item)
