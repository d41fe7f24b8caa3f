"""docs/tutorial.md works as written: each command does what the page shows."""

import os
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
from tests.pages import Block, Terminal, blocks, terminal
from tests.ports import free_ports

from .conftest import without_make

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not shutil.which("curl"), reason="the tutorial needs curl"),
]

PATIENCE_SECONDS = 120.0


class Reader:
    """Someone who follows the tutorial in two terminals: `make run` stays in one of them."""

    def __init__(self, folder: Path, shell: Terminal, environment: dict[str, str]) -> None:
        self.folder = folder
        self.shell = shell
        self.environment = environment
        self.log = folder / "make-run.log"
        self.service: subprocess.Popen[bytes] | None = None

    def follow(self, block: Block) -> None:
        """Do what a block of the tutorial shows."""
        if block.kind == "diff":
            block.apply(self.folder)
            return
        for step in block.steps():
            if step.command == "make run":
                self.start()
                continue
            command = step.command.replace("uvx copier", f"{Path(sys.executable).parent}/copier")
            for name, usual in {"PORT": "8000", "MANAGEMENT_PORT": "9000"}.items():
                command = command.replace(f":{usual}/", f":{self.environment[name]}/")
            step.check(*self.shell.run(command))
            if command.startswith("cd "):
                self.folder /= command.removeprefix("cd ")

    def start(self) -> None:
        """Run the service until it is ready."""
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

    def stop(self) -> None:
        """Press Ctrl-C in the terminal of the service."""
        if self.service is not None:
            os.killpg(self.service.pid, signal.SIGINT)
            self.service.wait(PATIENCE_SECONDS)


@contextmanager
def reader(folder: Path, template: Path) -> Iterator[Reader]:
    """A reader with free ports, who stops the service in the end."""
    ports = dict(zip(("PORT", "MANAGEMENT_PORT"), map(str, free_ports(2)), strict=True))
    (folder / "bin").mkdir()
    (folder / "bin" / "uv").symlink_to(ROOT / ".tools" / "bin" / "uv")
    environment = without_make(dict(os.environ)) | {
        "GIT_AUTHOR_EMAIL": "reader@example.com",
        "GIT_AUTHOR_NAME": "Reader",
        "GIT_COMMITTER_EMAIL": "reader@example.com",
        "GIT_COMMITTER_NAME": "Reader",
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "SHIPSHAPE": str(template),
        **ports,
    }
    with terminal(folder, environment) as shell:
        someone = Reader(folder, shell, environment)
        try:
            yield someone
        finally:
            someone.stop()


def test_tutorial_works_as_written(template: Path, tmp_path: Path) -> None:
    page = blocks((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    assert {block.kind for block in page} == {"console", "diff"}
    with reader(tmp_path, template) as someone:
        for block in page:
            someone.follow(block)
