"""Shipshape's commands for this service: `python3 .shipshape --help` lists them.

They run in an environment of their own, which the first command installs. Those that update the
service do without: they come with the template's newest release.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the service may not ignore it, and updates need a clean repository

from shipshape import template  # noqa: E402

SERVICE = Path(__file__).resolve().parents[1]
ENVIRONMENT = SERVICE / ".tools" / "shipshape"


def start_in_environment() -> None:
    """Install what the commands need, and start again there."""
    command = [sys.executable, ".shipshape/shipshape/install.py", ".tools/shipshape"]
    if subprocess.call(command):
        sys.exit(1)  # it has said why
    python = str(ENVIRONMENT / "bin" / "python")
    os.execv(python, [python, ".shipshape", *sys.argv[1:]])


if __name__ == "__main__":
    os.chdir(SERVICE)  # all paths of the package start there
    if set(sys.argv[1:2]) & template.COMMANDS.keys():
        sys.exit(template.main(sys.argv[1:]))
    if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        start_in_environment()
    from shipshape.command_line import main

    sys.exit(main())
