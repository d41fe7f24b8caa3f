"""Hold the repository to its rules: `python -m scripts.repository_rules [--apply]`.

Shows what differs from repository-rules.json, then sets it right where `--apply` or a yes says so.
Where nothing differs, nothing is done.
"""

import difflib
import json
import sys

from scripts.forge import RULES, changes
from scripts.forge_api import ForgeError


def shown(state: object) -> list[str]:
    """A state as lines to compare."""
    return json.dumps(state, indent=2, sort_keys=True).splitlines() if state else []


def agreed() -> bool:
    """Whether the person at the terminal says yes."""
    return sys.stdin.isatty() and input("Set them right? [y/N] ").strip().lower() in {"y", "yes"}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--apply"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        differing = [
            change
            for change in changes(json.loads(RULES.read_text("utf-8")))
            if change.before != change.after
        ]
        for change in differing:
            lines = difflib.unified_diff(
                shown(change.before), shown(change.after), change.name, change.name, lineterm=""
            )
            print("\n".join(lines), flush=True)
        if not differing:
            print("the repository is as its rules say")
        elif arguments or agreed():
            for change in differing:
                change.apply()
                print(f"set: {change.name}", flush=True)
        else:
            print("nothing is changed; `make repository-rules apply=1` sets it right")
    except ForgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
