"""What processes cost, and tables that hold it to a target."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, ClassVar, Literal, Protocol

# Of the caller's environment: what would have something else measured.
LEFT_OUT = ("DATABASE_URL", "MAKE", "MFLAGS", "OTEL_", "PYTHON", "VIRTUAL_ENV")
READY_WITHIN = 60.0


class MeasuringError(Exception):
    """What was to be measured failed; the message says how."""


@dataclass(frozen=True)
class Cost:
    """Seconds that passed, and seconds of CPU, of a process and its children."""

    elapsed: float
    cpu: float


def total(costs: Sequence[Cost]) -> Cost:
    """What one after the other costs."""
    return Cost(sum(cost.elapsed for cost in costs), sum(cost.cpu for cost in costs))


@dataclass(frozen=True)
class Target:
    """A bound: of the median itself, or of the median of what it is compared by."""

    sense: Literal["at most", "at least"]
    bound: float
    unit: Literal["s", "×", "%", "MB more"]

    def met_by(self, value: float) -> bool:
        return value <= self.bound if self.sense == "at most" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.sense} {self.bound:g}{'' if self.unit == '×' else ' '}{self.unit}"


class Line(Protocol):
    """A line of a table; the lines of one are of one kind."""

    HEADER: ClassVar[tuple[str, ...]]

    @property
    def what(self) -> str: ...

    @property
    def missed(self) -> bool: ...

    def cells(self) -> list[str]: ...


@dataclass(frozen=True)
class Row:
    """What something cost, round by round, and what in the same rounds it is compared with."""

    HEADER: ClassVar[tuple[str, ...]] = (
        "what",
        "median",
        "min–max",
        "ratio",
        "CPU",
        "CPU ratio",
        "target",
        "met",
    )

    what: str
    costs: Sequence[Cost]
    anchor: Sequence[Cost] = ()
    target: Target | None = None

    @property
    def seconds(self) -> list[float]:
        return [cost.elapsed for cost in self.costs]

    @property
    def ratios(self) -> list[float]:
        """One a round: what slows the machine for a while slows both, and so cancels out."""
        return [a.elapsed / b.elapsed for a, b in zip(self.costs, self.anchor, strict=True)]

    @property
    def missed(self) -> bool:
        if self.target is None:
            return False
        return not self.target.met_by(median(self.ratios if self.anchor else self.seconds))

    def cells(self) -> list[str]:
        """As HEADER says."""
        low, high = min(self.seconds), max(self.seconds)
        ratio = cpu_ratio = target = met = ""
        if self.anchor:
            ratio = f"{median(self.ratios):.2f}× ({min(self.ratios):.2f}–{max(self.ratios):.2f})"
            pairs = zip(self.costs, self.anchor, strict=True)
            cpu_ratio = f"{median(a.cpu / b.cpu for a, b in pairs):.2f}×"
        if self.target:
            target, met = str(self.target), "**no**" if self.missed else "yes"
        cpu = f"{median(cost.cpu for cost in self.costs):.2f} s"
        spent = (f"{median(self.seconds):.2f} s", f"{low:.2f}–{high:.2f} s")
        return [self.what, *spent, ratio, cpu, cpu_ratio, target, met]


@dataclass(frozen=True)
class Table:
    """Rows under a title, with what has to be known to read them."""

    title: str
    note: str
    rows: Sequence[Line]

    def __str__(self) -> str:
        lines = [list(self.rows[0].HEADER), *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        lines.insert(1, ["-" * width for width in widths])
        table = "".join(f"| {' | '.join(map(str.ljust, line, widths))} |\n" for line in lines)
        return f"## {self.title}\n\n{self.note}\n\n{table}"


def progress(text: str) -> None:
    """Say what comes now; the tables alone go to stdout."""
    print(text, file=sys.stderr, flush=True)


def run(folder: Path, *command: str | Path, **variables: str) -> Cost:
    """Run a process to its end, which must be a good one."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = _started(folder, command, variables, output)
        cpu = _collect(process)
        elapsed = time.perf_counter() - started
        if process.returncode != 0:
            raise _failure(f"it ended with {process.returncode}", command, output)
    return Cost(elapsed, cpu)


def start(ready: Callable[[], bool], folder: Path, *command: str | Path, **variables: str) -> Cost:
    """Start a process, wait until it is ready, and kill it."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = _started(folder, command, variables, output)
        try:
            while not ready():
                if process.poll() is not None:
                    raise _failure("it ended before it was ready", command, output)
                if time.perf_counter() - started > READY_WITHIN:
                    raise _failure(f"it was not ready in {READY_WITHIN:.0f} s", command, output)
                time.sleep(0.002)
            elapsed = time.perf_counter() - started
        except BaseException:
            process.kill()
            process.wait()
            raise
        process.kill()
        return Cost(elapsed, _collect(process))


def environment(variables: dict[str, str]) -> dict[str, str]:
    """The caller's environment, as far as it is harmless, with these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    return kept | variables


def _started(
    folder: Path, command: Sequence[str | Path], variables: dict[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _collect(process: subprocess.Popen[bytes]) -> float:
    """Wait for the end of a process; the seconds of CPU, which `Popen.wait` does not tell."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _failure(how: str, command: Sequence[str | Path], output: IO[bytes]) -> MeasuringError:
    output.seek(0)
    said = output.read().decode(errors="replace")[-4000:]
    return MeasuringError(f"{said}\n{' '.join(map(str, command))}: {how}")
