"""Run a command and restart it on changes: `python reload.py FOLDER COMMAND [ARGUMENT ...]`.

A command that ends before the first change ends this too, with its exit code: its port is in use,
or a setting is wrong. One that ends after a change waits for the next: somebody is editing.
"""

import signal
import subprocess
import sys
from threading import Event

from watchfiles import PythonFilter, watch

POLL_MILLISECONDS = 200
STOP_SECONDS = 10


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, by force where it takes too long."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(folder: str, command: list[str], stopping: Event) -> int:
    """Run the command until it ends by itself, or somebody stops it; the exit code."""
    process = subprocess.Popen(command)
    changed = waiting = False
    try:
        for changes in watch(
            folder,
            watch_filter=PythonFilter(),
            stop_event=stopping,
            rust_timeout=POLL_MILLISECONDS,
            yield_on_timeout=True,
        ):
            if changes:
                stop(process)
                process = subprocess.Popen(command)
                changed, waiting = True, False
            elif process.poll() is not None and not waiting:
                if not changed:
                    return process.returncode if process.returncode >= 0 else 128
                print(f"ended with {process.returncode}, waiting for a change", file=sys.stderr)
                waiting = True
    finally:
        stop(process)
    return 0


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    stopping = Event()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return run(arguments[0], arguments[1:], stopping)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
