"""The files that the service writes, by Python's audit events."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..check import unknown

_AUDIT = Path(__file__).with_name("audit")
_WATCHED = "watched"


class Writes:
    """What an instance with these settings writes."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def settings(self) -> dict[str, str]:
        return {
            "PYTHONDONTWRITEBYTECODE": "1",  # as in the image
            "PYTHONPATH": str(_AUDIT),
            "SHIPSHAPE_WRITTEN": str(self._file),
        }

    def paths(self) -> list[str]:
        """The files in the service's folder, and elsewhere but for the temporary folder."""
        found = self._file.read_text("utf-8", "replace").splitlines()
        if _WATCHED not in found:
            unknown("the service does not run Python's `sitecustomize`, which records its writes")
        return sorted({it for it in found if it != _WATCHED and not _is_allowed(Path(it))})


@contextmanager
def writes() -> Iterator[Writes]:
    """A record of writes, until the end."""
    with tempfile.TemporaryDirectory(prefix="shipshape-") as folder:
        file = Path(folder) / "written"
        file.touch()
        yield Writes(file)


def _is_allowed(path: Path) -> bool:
    path = path.resolve()
    if path.is_relative_to(Path.cwd()):  # which may be in the temporary folder itself
        return False
    folders = ("/dev", "/proc", os.path.realpath(tempfile.gettempdir()))
    return any(path.is_relative_to(it) for it in folders)
