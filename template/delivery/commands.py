"""Other programs: git, docker, cosign and what deploys."""

import subprocess
from collections.abc import Collection

from .errors import DeliveryError


class CommandError(DeliveryError):
    """A program failed. `status` is its exit code, `said` what it wrote to stderr."""

    def __init__(self, program: str, status: int, said: str) -> None:
        super().__init__(f"{program} failed with status {status}: {_reason(said)}")
        self.status = status
        self.said = said


def run(*command: str, input: str | None = None, accept: Collection[int] = (0,)) -> str:
    """What a program writes to stdout; CommandError for an exit code that is not in `accept`.

    It is asked nothing: without `input`, its stdin is empty.
    """
    source = {"stdin": subprocess.DEVNULL} if input is None else {}
    try:
        done = subprocess.run(command, input=input, capture_output=True, text=True, **source)
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else "it cannot be run"
        raise DeliveryError(f"{command[0]} is needed, and cannot be run: {reason}") from None
    if done.returncode not in accept:
        raise CommandError(command[0], done.returncode, done.stderr)
    return done.stdout


def _reason(said: str) -> str:
    """The line that tells most: the last one that names an error, or else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it does not say why"])[-1].removeprefix("ERROR: ").strip()
