"""Copies of the template as it stands in the working tree, committed or not."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from copier import run_copy

ROOT = Path(__file__).parents[1]
PARTS = ("copier.yml", "includes", "template", "updating")
"""What Copier reads, and the commands of updates."""


_BYTECODE = shutil.ignore_patterns("__pycache__")


def export(folder: Path) -> Path:
    """Put the template alone into a folder: of one with a `.git`, Copier would take a release."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=_BYTECODE)
        else:
            shutil.copy2(ROOT / part, folder / part)
    return folder


@contextmanager
def exported() -> Iterator[Path]:
    """The template alone, for a while."""
    with tempfile.TemporaryDirectory(prefix="shipshape-template-") as folder:
        yield export(Path(folder))


def render(template: Path, folder: Path, exclude: Sequence[str] = (), /, **answers: str) -> Path:
    """Make a service as `copier copy --defaults` does: without trust, without questions."""
    run_copy(
        str(template), folder, answers, exclude=exclude, defaults=True, unsafe=False, quiet=True
    )
    return folder
