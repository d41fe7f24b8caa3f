"""What it takes from `copier copy` to a passing `make check`."""

import tempfile
from pathlib import Path

from scripts.render import export

from .copying import copy
from .installing import make
from .measuring import Row, Table, Target, progress, total

TITLE = "From copy to a passing check"
NOTE = """\
The default service, with PostgreSQL, each time in a new folder. Warm: the download caches of pip
and uv, and the disk cache, after an install that does not count. Cold, as for whoever copies a
service: `.tools`, `.venv` and its bytecode, mypy's cache, the data of PostgreSQL. {rounds} rounds.
`make check` runs test, types, lint and stale two at a time; below the whole, each one by
itself in another new service.
"""
STEPS = {
    ".tools/.installed": "tools: uv into `.tools`",
    "install": "install: the rest of `make install`",
    "check": "`make check`",
}
PARTS = ("lint", "types", "stale", "test")


def measure(folder: Path, rounds: int) -> list[Table]:
    """Go the whole way some times."""
    template = export(folder / "template")
    progress(f"check: round 0 of {rounds}, install only")
    warm = folder / "orders"
    copy(template, warm)
    make(warm, "install")

    every = []
    alone = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(dir=folder) as new:
            service = Path(new) / "orders"
            costs = {"render: `copier copy`": copy(template, service)}
            for target, name in STEPS.items():
                progress(f"check: round {number} of {rounds}, make {target}")
                costs[name] = make(service, target)
        every.append(costs)
        with tempfile.TemporaryDirectory(dir=folder) as new:
            service = Path(new) / "orders"
            copy(template, service)
            make(service, "install")
            progress(f"check: round {number} of {rounds}, its parts alone")
            alone.append({f"alone: `make {part}`": make(service, part) for part in PARTS})

    rows = [Row(name, [costs[name] for costs in every]) for name in every[0]]
    whole = [total(list(costs.values())) for costs in every]
    rows.append(Row("the whole", whole, target=Target("at most", 60, "s")))
    rows += [Row(name, [costs[name] for costs in alone]) for name in alone[0]]
    return [Table(TITLE, NOTE.format(rounds=rounds).rstrip(), rows)]
