"""Shipshape's commands, as a service has them, in the environment of the template."""

import os
import subprocess
import sys
from pathlib import Path

_START = (
    "import sys; sys.path.insert(0, '.shipshape');"
    "from shipshape.command_line import main; sys.exit(main())"
)
SHIPSHAPE = [sys.executable, "-P", "-c", _START]
"""To be run in the folder of a service; its arguments follow."""


def shipshape(service: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """How a command of a service ends, and what it says; it cannot ask back."""
    return subprocess.run(
        [*SHIPSHAPE, *arguments],
        cwd=service,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
