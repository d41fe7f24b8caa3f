"""The rules of the repository: what its file says, and what the forge has."""

import difflib
import json
import sys
from collections.abc import Iterator

from .. import service
from . import github, gitlab
from .api import Change


def hold(apply: bool) -> None:
    """Show what differs from the rules. Set it right where `apply` or a yes says so."""
    differing = [change for change in _changes() if change.before != change.after]
    for change in differing:
        lines = difflib.unified_diff(
            _shown(change.before), _shown(change.after), change.name, change.name, lineterm=""
        )
        print("\n".join(lines), flush=True)
    if not differing:
        print("the repository is as its rules say")
    elif apply or _agreed():
        for change in differing:
            change.apply()
            print(f"set: {change.name}", flush=True)
    else:
        print("nothing is changed; `make repository-rules apply=1` sets it right")


def _changes() -> Iterator[Change]:
    forge = gitlab if service.answers().ci == "gitlab" else github
    yield from forge.changes(json.loads(forge.RULES.read_text("utf-8")))


def _shown(state: object) -> list[str]:
    """A state as lines to compare."""
    return json.dumps(state, indent=2, sort_keys=True).splitlines() if state else []


def _agreed() -> bool:
    """Whether the person at the terminal says yes."""
    return sys.stdin.isatty() and input("Set them right? [y/N] ").strip().lower() in {"y", "yes"}
