"""What `make install` costs, against `poetry install` of the same service."""

import os
import shutil
import sys
from pathlib import Path

from scripts.lock import pip_index
from scripts.render import export, render

from .measuring import Cost, MeasuringError, Row, Table, Target, progress, run

TITLE = "Install"
NOTE = """\
The default service into a new `.venv`, from the same `poetry.lock`, by make and by Poetry. Warm:
`.tools` with its bytecode, the caches of uv and of Poetry, the disk cache, after a round that does
not count. The ratio says how many times as long Poetry takes. {rounds} rounds."""


def make(service: Path, target: str) -> Cost:
    """Make a target of the service, with the Python that this runs on."""
    return run(service, "make", target, f"PYTHON={os.path.realpath(sys.executable)}")


def install_by_poetry(service: Path, poetry: Path, index: str) -> Cost:
    """Do the same with Poetry alone."""
    return run(
        service,
        poetry,
        "install",
        "--no-interaction",
        POETRY_PYPI_MIRROR_URL=index,  # some have no other API than pip's
        POETRY_VIRTUALENVS_CREATE="true",
        POETRY_VIRTUALENVS_IN_PROJECT="true",
    )


def packages(service: Path) -> set[str]:
    """What is installed; Poetry adds pip to each environment."""
    folders = service.glob(".venv/lib/python*/site-packages/*.dist-info")
    return {folder.name.split("-")[0] for folder in folders} - {"pip"}


def measure(folder: Path, rounds: int) -> list[Table]:
    """Install by the one and by the other in turn."""
    template, index = export(folder / "template"), pip_index()
    by_make = render(template, folder / "make" / "orders", service="orders")
    by_poetry = render(template, folder / "poetry" / "orders", service="orders")
    progress("install: make .tools, with Poetry")
    make(by_make, ".tools/poetry/.installed")
    poetry = by_make / ".tools" / "poetry" / "bin" / "poetry"

    pairs = []
    for number in range(rounds + 1):
        progress(f"install: round {number} of {rounds}")
        for service in (by_make, by_poetry):
            shutil.rmtree(service / ".venv", ignore_errors=True)
        pairs.append((make(by_make, "install"), install_by_poetry(by_poetry, poetry, index)))
        if difference := packages(by_make) ^ packages(by_poetry):
            raise MeasuringError(f"make and Poetry do not install the same: {sorted(difference)}")
    ours, theirs = zip(*pairs[1:], strict=True)  # round 0 warms up

    rows = [
        Row(
            f"`poetry install`: {len(packages(by_make))} packages",
            theirs,
            ours,
            Target("at least", 5, "×"),
        ),
        Row("`make install`", ours),
    ]
    return [Table(TITLE, NOTE.format(rounds=rounds), rows)]
