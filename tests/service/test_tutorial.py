"""docs/tutorial.md works as it is written: what it says to type is typed, what it shows is seen."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.render import ROOT

from .conftest import without_make

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("curl"), reason="the tutorial needs curl"),
]

PATIENCE_SECONDS = 120.0
BLOCK = re.compile(r"^```(console|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = {"8000": "18000", "9000": "19000"}  # others, for the usual ones may be taken


class Reader:
    """Someone who follows the tutorial in a folder of their own."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder = folder
        self.log = folder / "make-run.log"
        self.environment = without_make(dict(os.environ)) | {
            "GIT_AUTHOR_EMAIL": "reader@example.com",
            "GIT_AUTHOR_NAME": "Reader",
            "GIT_COMMITTER_EMAIL": "reader@example.com",
            "GIT_COMMITTER_NAME": "Reader",
            "MANAGEMENT_PORT": PORTS["9000"],
            "PORT": PORTS["8000"],
            "SHIPSHAPE": str(template),
        }
        self.service: subprocess.Popen[bytes] | None = None

    def follow(self, kind: str, block: str) -> None:
        """Do what a block of the tutorial shows."""
        if kind == "diff":
            self.apply(block)
            return
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            if command.startswith("cd "):
                self.folder /= command.removeprefix("cd ")
            elif command == "make run":
                self.start()
            else:
                self.type(command, shown)

    def apply(self, diff: str) -> None:
        command = ["git", "apply", "--recount", "--unidiff-zero", "-"]
        done = subprocess.run(
            command, cwd=self.folder, input=diff, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{done.stderr}{diff}"

    def type(self, command: str, shown: str) -> None:
        """Run a command and find what the tutorial shows of its output, `…` being anything."""
        typed = command.replace("uvx copier", f"{Path(sys.executable).parent}/copier")
        for usual, other in PORTS.items():
            typed = typed.replace(f":{usual}/", f":{other}/")
        done = subprocess.run(
            typed,
            shell=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        wanted = ".*?".join(re.escape(part.strip()) for part in shown.split("…"))
        said = done.stdout.replace("\r", "")
        assert re.search(
            wanted, said, re.DOTALL
        ), f"$ {command}\n{said}\n--- not as shown:\n{shown}"

    def start(self) -> None:
        """`make run` in a terminal of its own, until it says that it is ready."""
        with self.log.open("wb") as log:
            self.service = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while '"ready"' not in self.log.read_text():
            assert self.service.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)


@contextmanager
def reader(folder: Path, template: Path) -> Iterator[Reader]:
    """A reader, who presses Ctrl-C in the end."""
    someone = Reader(folder, template)
    try:
        yield someone
    finally:
        if someone.service is not None:
            os.killpg(someone.service.pid, signal.SIGINT)
            someone.service.wait(PATIENCE_SECONDS)


def test_tutorial_works_as_written(template: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == {"console", "diff"}
    with reader(tmp_path, template) as someone:
        for kind, block in blocks:
            someone.follow(kind, block)
