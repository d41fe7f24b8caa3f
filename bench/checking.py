"""What it takes from `copier copy` to a passing `make check`, against installing with Poetry."""

import os
import re
import shutil
import sys
from pathlib import Path

from scripts.lock import pip_index
from scripts.render import export

from .copying import copy
from .measuring import Cost, MeasuringError, Row, Table, Target, progress, run, total

TITLE = "From copy to a passing check"
NOTE = """\
The default service, with PostgreSQL, each time in a new folder. Warm: the caches of pip, uv and
Poetry, after a round that does not count. Cold, as for whoever copies a service: `.tools`, `.venv`
and its bytecode, mypy's cache, the data of PostgreSQL. {rounds} rounds."""


def make(service: Path, target: str) -> Cost:
    """Make a target of the service, with the Python that this runs on."""
    return run(service, "make", target, f"PYTHON={os.path.realpath(sys.executable)}")


def install(template: Path, folder: Path, index: str) -> dict[str, Cost]:
    """Copy and install the service with make, and beside it with Poetry."""
    service, by_poetry = folder / "orders", folder / "poetry" / "orders"
    by_poetry.parent.mkdir(parents=True)
    copy(template, by_poetry)
    costs = {
        "render": copy(template, service),
        "tools": make(service, ".tools/.installed"),
        "install": make(service, "install"),
        "poetry": run(
            by_poetry,
            service / ".tools" / "bin" / "poetry",
            "install",
            "--no-interaction",
            POETRY_PYPI_MIRROR_URL=index,  # some have no other API than pip's
            POETRY_VIRTUALENVS_CREATE="true",
            POETRY_VIRTUALENVS_IN_PROJECT="true",
        ),
    }
    # Poetry adds pip to each environment.
    if difference := (installed(service) ^ installed(by_poetry)) - {"pip"}:
        raise MeasuringError(f"make and Poetry do not install the same: {sorted(difference)}")
    return costs


def installed(service: Path) -> set[str]:
    """The packages in the environment of a service."""
    folders = service.glob(".venv/lib/python*/site-packages/*.dist-info")
    return {folder.name.split("-")[0] for folder in folders}


def steps(service: Path) -> list[str]:
    """What `make check` consists of."""
    makefile = (service / "Makefile").read_text(encoding="utf-8")
    line = re.search(r"^check:(.*?)##", makefile, re.MULTILINE)
    if line is None:
        raise MeasuringError("the Makefile has no target check")
    return line[1].split()


def measure(folder: Path, rounds: int) -> Table:
    """Go the whole way some times, each in a new folder."""
    template, index = export(folder / "template"), pip_index()
    progress(f"check: round 0 of {rounds}, install only")
    install(template, folder / "0", index)
    checks = steps(folder / "0" / "orders")

    every = []
    for number in range(1, rounds + 1):
        progress(f"check: round {number} of {rounds}, install")
        costs = install(template, folder / str(number), index)
        service = folder / str(number) / "orders"
        for step in checks:
            progress(f"check: round {number} of {rounds}, make {step}")
            costs[step] = make(service, step)
        own = [cost for name, cost in costs.items() if name != "poetry"]
        costs["whole"] = total(own)
        every.append(costs)
        shutil.rmtree(folder / str(number))  # half a gigabyte

    column = {name: [costs[name] for costs in every] for name in every[0]}
    rows = [
        Row("render: `copier copy`", column["render"]),
        Row("tools: Poetry and uv into `.tools`", column["tools"]),
        Row("install: the rest of `make install`", column["install"]),
        *(Row(f"`make {step}`", column[step]) for step in checks),
        Row("the whole", column["whole"], target=Target("at most", 60, "s")),
        Row(
            "`poetry install`, against install",
            column["poetry"],
            column["install"],
            Target("at least", 5, "×"),
        ),
    ]
    return Table(TITLE, NOTE.format(rounds=rounds), rows)
