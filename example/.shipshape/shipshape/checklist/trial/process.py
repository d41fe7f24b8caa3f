"""A command as a process: its output, its end, and the variables that it gets."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

PATIENCE_SECONDS = 20.0
START_SECONDS = 60.0
"""The first start after an installation compiles all packages."""

_MAKE = re.compile(r"make(\[\d+\])?: ")
_ERROR = re.compile(r"\W*(FAILED|ERROR|error:|[\w.]*Error:)")
_SYSTEM = ("COV", "HOME", "LANG", "LC_", "LD_LIBRARY_PATH", "PATH", "SSL_CERT", "TMPDIR")
_OF_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
_OF_TESTS = {"PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"}


@dataclass(frozen=True)
class Ended:
    """A process that ended by itself, or was killed because it took too long: without a code."""

    exit_code: int | None
    output: str
    """stdout, then stderr."""

    @property
    def reason(self) -> str:
        """The line that names the error, else the last one that is not of make."""
        lines = [it for it in self.output.splitlines() if it.strip() and not _MAKE.match(it)]
        named = [it for it in lines if _ERROR.match(it)]
        return (named or lines or ["it does not say why"])[-1].strip()


class Process:
    """A process group, and what it has written so far."""

    def __init__(self, command: str, variables: Mapping[str, str]) -> None:
        self._stdout, self._stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["sh", "-c", command],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=self._stdout,
            stderr=self._stderr,
            start_new_session=True,  # Ctrl-C is for this process, which then ends that one
        )

    @property
    def output(self) -> str:
        """All whole lines of stdout."""
        return _read(self._stdout)

    @property
    def errors(self) -> str:
        """All whole lines of stderr."""
        return _read(self._stderr)

    @property
    def exit_code(self) -> int | None:
        """None as long as it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int | None:
        """The exit code; None if the process still runs after so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def close(self) -> None:
        """Kill the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._stdout.close()
        self._stderr.close()


def run(command: str, variables: Mapping[str, str], seconds: float) -> Ended:
    """Run a command to its end."""
    process = Process(command, variables)
    try:
        code = process.wait(seconds)
        return Ended(code, process.output + process.errors)
    finally:
        process.close()


def of_production() -> dict[str, str]:
    """What a container has: nothing of this shell's own settings."""
    return {name: value for name, value in os.environ.items() if name.startswith(_SYSTEM)}


def of_developer() -> dict[str, str]:
    """The variables of this shell, but not inside of another make or test."""
    ignored = _OF_MAKE | _OF_TESTS
    return {name: value for name, value in os.environ.items() if name not in ignored}


def _read(file: IO[bytes]) -> str:
    # Not with seek and read: the process writes at the same position of the same open file.
    written = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
    return written[: written.rfind(b"\n") + 1].decode("utf-8", "replace")
