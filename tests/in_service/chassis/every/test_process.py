"""The process: signals at any time, an end in time whatever hangs, forks, odd streams."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from ..service import PACKAGE, PATIENCE_SECONDS, ROOT, environment, free_ports, running
from .observed import eventually

MODULE = "tests.chassis.extended"


@contextmanager
def started(module: str, settings: Mapping[str, object]) -> Iterator["subprocess.Popen[str]"]:
    """The process of a service, from its first moment."""
    ports = dict(zip(("PORT", "MANAGEMENT_PORT"), free_ports(2), strict=True))
    with subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=environment({**settings, **ports, "HOST": "127.0.0.1", "SHUTDOWN_DELAY": 0}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_signal_during_a_slow_start_ends_it(storage_settings: dict[str, str]) -> None:
    with started(MODULE, {**storage_settings, "SLOW_START": 60}) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "opening"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        events = [json.loads(line)["event"] for line in process.stdout]

    assert events == ["signal", "stopped"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_signal_while_modules_are_imported(storage_settings: dict[str, str]) -> None:
    """Without a handler, process 1 of a container would not hear it."""

    def is_caught() -> bool:
        status = Path(f"/proc/{process.pid}/status").read_text("ascii")
        [caught] = re.findall(r"SigCgt:\s*(\w+)", status)
        return bool(int(caught, 16) >> signal.SIGTERM - 1 & 1)

    with started(PACKAGE, storage_settings) as process:
        eventually(is_caught, "a handler")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


@pytest.mark.parametrize("path", ["/hang", "/block"])
def test_stop_ends_in_time_whatever_hangs(storage_settings: dict[str, str], path: str) -> None:
    times = {"SHUTDOWN_TIMEOUT": 0.5, "SHUTDOWN_GRACE_PERIOD": 10}
    with running(module=MODULE, **storage_settings, **times) as service:
        asking = threading.Thread(target=_ask, args=(service.api + path,))
        asking.start()
        time.sleep(0.5)
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        status = service.process.wait(PATIENCE_SECONDS)
        assert time.monotonic() - begun < times["SHUTDOWN_GRACE_PERIOD"]
        asking.join()
        log = service.log

    last = [line["event"] for line in log][-2:]
    if path == "/hang":
        assert (status, last) == (0, ["stopping: threads are cut", "stopped"])
    else:
        assert (status, last[1:]) == (1, ["stopping: out of time, the process ends"])
        assert "time.sleep(600)" in log[-1]["stack"]


def _ask(url: str) -> None:
    try:
        httpx2.get(url, timeout=PATIENCE_SECONDS)
    except httpx2.TransportError:
        pass


def test_forked_child_logs_and_has_its_own_signals(storage_settings: dict[str, str]) -> None:
    with running(module=MODULE, **storage_settings) as service:
        exit_code = httpx2.get(f"{service.api}/fork", timeout=PATIENCE_SECONDS).json()
        eventually(lambda: "from the child" in service.text, "a line of the child")
        assert exit_code == -signal.SIGTERM
        assert httpx2.get(f"{service.api}/readyz").status_code == 200
        assert service.terminate() == 0
        signals = [line for line in service.log if line["event"] == "signal"]

    assert len(signals) == 1


@pytest.mark.parametrize("closing", [">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_standard_streams_that_are_closed(storage_settings: dict[str, str], closing: str) -> None:
    shell = ("sh", "-c", f'exec "$@" {closing}', "sh")
    port, management_port = free_ports(2)
    ports = {"PORT": str(port), "MANAGEMENT_PORT": str(management_port), "HOST": "127.0.0.1"}
    command = [*shell, sys.executable, "-m", MODULE]
    variables = environment(storage_settings | ports | {"SHUTDOWN_DELAY": "0"})
    with subprocess.Popen(command, cwd=ROOT, env=variables) as process:
        try:
            eventually(lambda: _is_ready(port), "a service that is ready")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx2.TransportError:
        return False
