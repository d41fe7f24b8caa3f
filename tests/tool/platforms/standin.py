"""A program that writes down what it is asked, and answers as a test says."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCE = """#!{python}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
arguments = " ".join(sys.argv[1:])
given = sys.stdin.read() if " - " in arguments else ""
{more}
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([arguments, given]) + "\\n")
for beginning, (code, answer) in json.loads((folder / "answers").read_text()).items():
    if arguments.startswith(beginning):
        print(answer, end="", file=sys.stderr if code > 1 else sys.stdout)
        sys.exit(code)
"""


@dataclass
class StandIn:
    """Its answers (exit code, text) by how the arguments begin, and what it was asked."""

    folder: Path
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)

    def write(self, name: str, more: str = "") -> None:
        """Make the program. `more` is code that runs first."""
        program = self.folder / name
        program.write_text(SOURCE.format(python=sys.executable, more=more))
        program.chmod(0o755)

    def answer(self, beginning: str, text: str, code: int = 0) -> None:
        self.answers[beginning] = (code, text)
        (self.folder / "answers").write_text(json.dumps(self.answers))

    def asked(self) -> Iterator[Any]:
        """Arguments and standard input of each call."""
        path = self.folder / "calls"
        yield from map(json.loads, path.read_text().splitlines() if path.exists() else [])
