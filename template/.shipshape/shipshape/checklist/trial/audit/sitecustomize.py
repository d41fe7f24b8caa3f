"""Record the files that a process opens for writing: Python imports this module at its start.

Each path becomes a line of the file that SHIPSHAPE_WRITTEN names. Its first line is WATCHED.
"""

import os
import sys

_record = os.open(os.environ["SHIPSHAPE_WRITTEN"], os.O_WRONLY | os.O_APPEND)
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

WATCHED = b"watched\n"


def _path(event: str, arguments: tuple[object, ...]) -> object:
    """The path that is written, if any; see "Audit events table" in Python's documentation."""
    if event == "open":
        path, _, flags = arguments
        return path if isinstance(flags, int) and flags & _TO_WRITE else None
    if event == "os.rename":
        return arguments[1]
    return arguments[0] if event in ("os.mkdir", "sqlite3.connect") else None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    path = _path(event, arguments)
    if isinstance(path, str | bytes):
        os.write(_record, os.path.abspath(os.fsencode(path)) + b"\n")


os.write(_record, WATCHED)
sys.addaudithook(_audit)
