"""The shell scripts of the template."""

import subprocess

from scripts.render import ROOT
from tests import programs

SCRIPTS = (".ci/run", "fleet/propose")


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(
        [programs.shellcheck(), *SCRIPTS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_fault_is_found() -> None:
    script = "#!/bin/sh\nrm $1\n"
    command = [programs.shellcheck(), "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert "SC2086" in done.stdout
