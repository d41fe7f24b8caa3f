"""The pages of a service are true of a service that runs: its commands, and its metrics."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import kinds, run
from .test_running import get, running

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 20.0

_RUN = re.compile(r"^<!-- run(?:: (\d+))? -->\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def serving(process: subprocess.Popen[str]) -> int:
    """The process that serves: a child of what starts the database, where there is one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    modules = [
        pid for pid in children if b"-m" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]
    return int(modules[0]) if modules else process.pid


# Python, git and make are all that is needed to work on the template.
@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands of the pages need curl")
@kinds("postgresql", "none")
def test_commands_run(service: Path) -> None:
    """Each block behind <!-- run --> succeeds; one behind <!-- run: 2 --> ends with 2."""
    pages = [service / "README.md", *sorted((service / "docs").glob("*.md"))]
    blocks = [found for page in pages for found in _RUN.findall(page.read_text("utf-8"))]
    assert len(blocks) > 10
    with running(service) as (api, management, process):
        here = {
            "http://127.0.0.1:8000": api,
            "http://127.0.0.1:9000": management,
            # What listens there may be another one, and not everyone has lsof.
            "$(lsof -ti tcp:9000 -sTCP:LISTEN)": str(serving(process)),
            "curl ": "curl --fail-with-body ",
        }
        for code, commands in blocks:
            for there, replacement in here.items():
                commands = commands.replace(there, replacement)
            assert "lsof" not in commands
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                cwd=service,
                env={"PATH": os.environ["PATH"]},
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
            )
            assert done.returncode == int(code or 0), f"{commands}{done.stdout}{done.stderr}"
            assert done.stdout + done.stderr or "kill " in commands
            assert process.poll() is None


@kinds("postgresql", "none")
def test_the_described_metrics_are_those_that_are_exported(service: Path) -> None:
    package = next((service / "src").iterdir()).name
    script = ".shipshape/shipshape/describe.py"
    described = json.loads(run(service, ".venv/bin/python", "-P", script, package))["metrics"]
    with running(service) as (api, management, _):
        get(f"{api}/openapi.json")
        exposition = get(f"{management}/metrics")[1].decode()
    exported = re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE)
    assert dict(exported) == {metric["name"]: metric["type"] for metric in described}
