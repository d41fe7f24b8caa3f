"""Measure what the template and its services cost, each part against its anchor: `make bench`.

Prints the tables and writes them into results.md. Exit codes: 0 where all targets are met, 1 where
one is missed, 2 where something could not be measured.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from . import checking, copying, installing, serving, starting, updating
from .machine import description
from .measuring import MeasuringError, Table

RESULTS = Path(__file__).parent / "results.md"
CORES = 2  # what a job in CI has, about
PARTS: dict[str, tuple[Callable[[Path, int], list[Table]], int]] = {
    "copy": (copying.measure, 10),
    "install": (installing.measure, 10),
    "check": (checking.measure, 3),
    "update": (updating.measure, 10),
    "start": (starting.measure, 10),
    "serving": (serving.measure, 8),
}
"""What there is to measure, and in how many rounds."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.run", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--rounds", type=int, help="in place of each part's own number")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds must be at least 1")
    return given


def main() -> int:
    """Measure, print, write."""
    given = arguments()
    # The more cores, the better for parallel work: the targets are meant for two.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    texts = [f"# Measured on {date.today()}\n\n{description()}\n"]
    print(texts[0], flush=True)
    missed = []
    for name, (measure, rounds) in PARTS.items():
        if given.parts and name not in given.parts:
            continue
        with tempfile.TemporaryDirectory(prefix=f"shipshape-bench-{name}-") as folder:
            try:
                tables = measure(Path(folder), given.rounds or rounds)
            except MeasuringError as error:
                print(f"error: {error}", file=sys.stderr)
                return 2
        for table in tables:
            texts.append(str(table))
            print(texts[-1], flush=True)
            missed += [f"{table.title}: {row.what}" for row in table.rows if row.missed]
    if not given.parts:
        RESULTS.write_text("\n".join(texts), encoding="utf-8")
    for what in missed:
        print(f"target missed: {what}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
