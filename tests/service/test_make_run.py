"""`make run` reloads on changes, fails if the service cannot start, and leaves nothing running."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import HOST, free_ports

from .conftest import kinds, without_make
from .test_demo import command_lines
from .test_running import get

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 90


def started(service: Path, log: Path, **ports: int) -> subprocess.Popen[bytes]:
    """`make run` in a process group of its own, as in a terminal."""
    with log.open("wb") as file:
        return subprocess.Popen(
            ["make", "run"],
            cwd=service,
            env=without_make(dict(os.environ)) | {key: str(value) for key, value in ports.items()},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def wait_until(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        return get(f"http://{HOST}:{port}/readyz")[0] == 200
    except OSError:
        return False


@contextmanager
def ready(service: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`make run` that answers, and the port."""
    port, management_port = free_ports(2)
    process = started(service, log, PORT=port, MANAGEMENT_PORT=management_port)
    try:
        wait_until(lambda: answers(port) or process.poll() is not None, log)
        assert process.poll() is None, log.read_text()
        yield process, port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


@kinds("postgresql", "none")
@pytest.mark.parametrize("variable", ["PORT", "MANAGEMENT_PORT"])
def test_a_busy_port_ends_it(service: Path, tmp_path: Path, variable: str) -> None:
    ports = dict(zip(("PORT", "MANAGEMENT_PORT"), free_ports(2), strict=True))
    log = tmp_path / "log"
    with socket.create_server((HOST, ports[variable])):
        process = started(service, log, **ports)
        assert process.wait(PATIENCE_SECONDS) == 2, "make's exit code for a recipe that failed"
    assert f"cannot listen on {HOST} port {ports[variable]}" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert not is_left(process.pid)
    assert str(service) not in command_lines(), "something is left running"


@kinds("none")
def test_a_syntax_error_waits_for_the_next_change(service: Path, tmp_path: Path) -> None:
    log, path = tmp_path / "log", next(service.glob("src/*/app.py"))
    before = path.read_text()
    with ready(service, log) as (process, port):
        try:
            path.write_text(f"{before}\n(\n")
            wait_until(lambda: "waiting for a change" in log.read_text(), log)
            assert "SyntaxError" in log.read_text()
            assert process.poll() is None, log.read_text()
        finally:
            path.write_text(before)
        wait_until(lambda: answers(port), log)


def is_left(group: int) -> bool:
    """Whether a process of a group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# make passes on SIGTERM alone; a terminal sends the others to the whole group.
@kinds("postgresql", "none")
@pytest.mark.parametrize(
    ("send", "number"),
    [
        (os.kill, signal.SIGTERM),
        (os.killpg, signal.SIGTERM),
        (os.killpg, signal.SIGHUP),
        (os.killpg, signal.SIGINT),
    ],
)
def test_nothing_is_left_running(
    service: Path, tmp_path: Path, send: Callable[[int, int], None], number: signal.Signals
) -> None:
    log = tmp_path / "log"
    with ready(service, log) as (process, port):
        send(process.pid, number)
        process.wait(PATIENCE_SECONDS)
        wait_until(lambda: not is_left(process.pid), log)
        # PostgreSQL leaves the group; the folder of its data is in its command line.
        wait_until(lambda: str(service) not in command_lines(), log)
        assert not answers(port)
