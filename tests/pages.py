"""Pages whose commands are run as they stand there, in a terminal, and whose output is compared.

In a `console` block `$ ` starts a command, and the lines below it are its whole output: `…` is any
text within a line, and alone on a line any number of lines. A command succeeds, unless its block
starts with ```` ```console exit=1 ````. A `diff` block is an edit.
"""

import codecs
import os
import pty
import re
import signal
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .repositories import git

_BLOCK = re.compile(r"^( *)```(\w+)(?: exit=(\d+))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ ", re.MULTILINE)
_END = "-- end of the command, exit code"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the exit code of its commands."""

    kind: str
    text: str
    exit_code: int = 0

    def steps(self) -> Iterator["Step"]:
        """The commands of a `console` block."""
        for step in _COMMAND.split(self.text)[1:]:
            command, shown = re.split(r"(?<!\\)\n", step, maxsplit=1)
            yield Step(command, shown, self.exit_code)

    def apply(self, folder: Path) -> None:
        """Make the edits of a `diff` block; only the numbers in its `@@` lines may be off."""
        # One file at a time: with --recount, git takes the `---` of the next one for an edit.
        for patch in re.split(r"^(?=--- )", self.text, flags=re.MULTILINE)[1:]:
            git(folder, "apply", "--recount", "--unidiff-zero", given=patch)


@dataclass(frozen=True)
class Step:
    """A command, and what the page shows of it."""

    command: str
    shown: str
    exit_code: int = 0

    def check(self, output: str, exit_code: int) -> None:
        """Fail unless the command did what the page shows."""
        report = f"$ {self.command}\n{output}-- exit code {exit_code}"
        assert exit_code == self.exit_code, f"{report}, not {self.exit_code}"
        assert is_shown(output, self.shown), f"{report}\n-- not as shown:\n{self.shown}"


def blocks(page: str) -> list[Block]:
    """The blocks of a page in Markdown."""
    found = _BLOCK.findall(page)
    assert len(found) == page.count("```") / 2, "a block could not be read"
    return [Block(kind, textwrap.dedent(text), int(code or 0)) for _, kind, code, text in found]


def is_shown(output: str, shown: str) -> bool:
    """Whether an output is, from its first line to its last, the one that a page shows."""
    lines = (
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in _lines(shown)
    )
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _lines(output))) is not None


def _lines(text: str) -> list[str]:
    """The lines without the empty ones at both ends, and without spaces that nobody sees."""
    return [line.rstrip() for line in text.strip("\r\n").splitlines()]


class Terminal:
    """A shell in a terminal of its own; folders and variables stay from step to step."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.shell = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env={**environment, "GIT_PAGER": "cat", "NO_COLOR": "1", "TERM": "dumb"},
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            text=True,
        )
        os.close(slave)

    def run(self, command: str) -> tuple[str, int]:
        """The output until the command ends, also of what runs in the background; its exit code."""
        assert self.shell.stdin
        self.shell.stdin.write(f"{{ {command}\n}} < /dev/null\nprintf '\\n{_END} %d\\n' $?\n")
        self.shell.stdin.flush()
        output = ""
        while not (end := re.search(rf"\n{_END} (\d+)\n", output)):
            try:
                written = os.read(self._master, 65_536)
            except OSError:
                raise AssertionError(f"$ {command}\n{output}\n-- and the shell ended") from None
            output += self._decoder.decode(written).replace("\r", "")
        return output[: end.start()], int(end[1])

    def close(self) -> None:
        """End the shell and all that it still runs."""
        os.killpg(self.shell.pid, signal.SIGKILL)
        self.shell.communicate()
        os.close(self._master)


@contextmanager
def terminal(folder: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """A terminal, closed in the end."""
    shell = Terminal(folder, environment)
    try:
        yield shell
    finally:
        shell.close()
