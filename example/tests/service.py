"""The service as a process: started, asked over HTTP, stopped."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest
from dotenv import dotenv_values

PACKAGE = "orders"
ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 20.0
# Below those that a system gives to connections of its own, from 32768 on Linux and 49152 on macOS:
# what runs beside a test cannot take one before it is used.
_PORTS = range(20_000, 32_768)
_given: set[int] = set()  # to services that may not listen yet
_INHERITED = ("COV", "LANG", "LC_", "PATH")  # with COV… the process is measured for coverage too


@dataclass
class Service:
    """The running service: where it listens, and what it has written so far."""

    api: str
    management: str
    process: "subprocess.Popen[bytes]"
    output: IO[bytes]

    @property
    def text(self) -> str:
        # Not with seek and read: the process writes at the same position of the same open file.
        descriptor = self.output.fileno()
        written = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        return written[: written.rfind(b"\n") + 1].decode()  # the next line is still being written

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log, line by line; fails on a line that is not JSON."""
        return [json.loads(line) for line in self.text.splitlines()]

    def terminate(self) -> int:
        """End it as an orchestrator does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def refused_start(*, module: str = PACKAGE, **settings: object) -> tuple[int, str]:
    """Start the service with settings that it cannot use: its exit code and what it wrote."""
    result = subprocess.run(
        [sys.executable, "-m", module],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    return result.returncode, result.stdout


@contextmanager
def running(*, module: str = PACKAGE, **settings: object) -> Iterator[Service]:
    """The service once it is ready, on free ports; killed in the end where it still runs."""
    port, management_port = free_ports(2)
    own = {
        "HOST": "127.0.0.1",
        "PORT": port,
        "MANAGEMENT_PORT": management_port,
        "SHUTDOWN_DELAY": 0,
    }
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=environment(own | settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        api, management = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{management_port}"
        service = Service(api, management, process, output)
        try:
            _await_ready(service)
            yield service
        finally:
            process.kill()


def development_settings() -> dict[str, str]:
    """The required settings of the service, with the values that `make run` uses too."""
    values = dotenv_values(ROOT / ".env.example")
    return {name: value for name, value in values.items() if value is not None}


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listens on."""
    shuffled = random.SystemRandom().sample(_PORTS, len(_PORTS))
    ports = list(islice(filter(_is_free, shuffled), count))
    _given.update(ports)
    return ports


def _is_free(port: int) -> bool:
    if port in _given:
        return False
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """These settings and, of the others, the required ones."""
    inherited = {name: value for name, value in os.environ.items() if name.startswith(_INHERITED)}
    return (
        inherited | development_settings() | {name: str(value) for name, value in settings.items()}
    )


def _await_ready(service: Service) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx2.Client() as client:
        while service.process.poll() is None and time.monotonic() < deadline:
            try:
                if client.get(f"{service.api}/readyz").status_code == httpx2.codes.OK:
                    return
            except httpx2.TransportError:
                time.sleep(0.02)
    pytest.fail(f"the service did not become ready; it wrote:\n{service.text}")
