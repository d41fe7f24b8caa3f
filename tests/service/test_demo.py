"""`make demo` shows a service that works, and leaves nothing behind."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.render import ROOT
from tests.marks import long
from tests.ports import HOST, free_ports

from .test_running import get


def start(**variables: object) -> subprocess.Popen[str]:
    """The command behind `make demo`."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "scripts.demo"],
        cwd=ROOT,
        env={**os.environ, **{name: str(value) for name, value in variables.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], sentence: str) -> str:
    """What was said up to and with a sentence."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if sentence in line:
            return said
    raise AssertionError(said[-4000:])


def send(curl: str) -> int:
    """Do what the curl line does; the status."""
    program, url, *options = shlex.split(curl)
    assert program == "curl"
    values = dict(zip(options[::2], options[1::2], strict=True))
    name, value = values["-H"].split(": ")
    request = urllib.request.Request(url, values["-d"].encode(), {name: value})
    with urllib.request.urlopen(request, timeout=20) as response:
        assert json.load(response)["name"] == "Teapot"
        status: int = response.status
    return status


def command_lines() -> str:
    """What runs on this machine; a slim image has no ps, macOS no /proc."""
    if not Path("/proc/self").exists():
        command = ["ps", "-axo", "args"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    assert any("pytest" in line for line in lines), "processes cannot be seen"
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("ending", [signal.SIGINT, *long(signal.SIGTERM)])
def test_demo(ending: signal.Signals) -> None:
    ports = dict(zip(("PORT", "MANAGEMENT_PORT"), free_ports(2), strict=True))
    process = start(**ports)
    try:
        said = read_until(process, "Ctrl-C ends it")
        addresses = re.findall(r"^ {4}.+(http://\S+)$", said, re.MULTILINE)
        assert len(addresses) == 4
        assert [get(address)[0] for address in addresses] == [200] * 4
        curl = re.search(r"curl .+", said)
        assert curl
        assert send(curl[0]) == 201
    finally:
        process.send_signal(ending)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    assert "Traceback" not in said + rest
    folder = re.search(r"/\S+/shipshape-demo-[^/\s]+", said)
    assert folder
    assert not Path(folder[0]).exists()
    assert folder[0] not in command_lines(), "something is left running"
    for port in ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) != 0, f"something still listens on {port}"


@pytest.mark.parametrize("variable", ["PORT", "MANAGEMENT_PORT"])
def test_a_busy_port_is_named(variable: str) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        free = dict(zip(("PORT", "MANAGEMENT_PORT"), free_ports(2), strict=True))
        process = start(**free | {variable: port})
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert f"port {port} cannot be used" in said
    assert f"{variable}=" in said


@pytest.mark.parametrize("value", ["many", "-1", "70000", ""])
def test_a_port_that_is_none_is_named(value: str) -> None:
    process = start(PORT=value)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 1
    assert said.startswith(f"error: PORT={value} is no port")
    assert len(said.splitlines()) == 1
