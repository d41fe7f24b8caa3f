"""Other programs: git, docker, cosign and what deploys."""

import re
import subprocess
from collections.abc import Collection

from .errors import ShipshapeError


class ProgramError(ShipshapeError):
    """A program failed. `status` is its exit code, `said` what it wrote to stderr."""

    def __init__(self, program: str, status: int, said: str) -> None:
        super().__init__(program, status, said)
        self.program = program
        self.status = status
        self.said = said

    def __str__(self) -> str:
        return f"{self.program} failed with status {self.status}: {_reason(self.said)}"


def run(*command: str, input: str | None = None, accept: Collection[int] = (0,)) -> str:
    """What a program writes to stdout; ProgramError for an exit code that is not in `accept`.

    It cannot ask back: its stdin holds `input`, or nothing.
    """
    try:
        done = subprocess.run(command, input=input or "", capture_output=True, text=True)
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else "it cannot be run"
        raise ShipshapeError(f"{command[0]} is needed, and cannot be run: {reason}") from None
    if done.returncode not in accept:
        if trust := re.search(r"git config --global --add safe\.directory (.+)", done.stderr):
            raise ShipshapeError(
                f"{trust[1]} belongs to another user, so git does not read it: if you trust it, "
                f"run `{trust[0]}`"
            )
        raise ProgramError(command[0], done.returncode, done.stderr)
    return done.stdout


def _reason(said: str) -> str:
    """The line that tells most: the first one that names an error, or else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    reason = (errors[:1] or lines[-1:] or ["it does not say why"])[0]
    return re.sub("^error: *", "", reason, flags=re.IGNORECASE)
