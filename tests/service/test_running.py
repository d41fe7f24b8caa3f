"""A service started by hand, as the README says."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.ports import HOST, free_ports

from .conftest import kinds, without_make

pytestmark = pytest.mark.slow

READY_WITHIN = 60.0


def get(url: str) -> tuple[int, bytes]:
    """Status and body, also of an error."""
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def command(service: Path, module: str = "") -> list[str]:
    """What starts the service, or a module of its tests, with a database where it needs one."""
    package = next(path.name for path in (service / "src").iterdir() if (path / "app.py").exists())
    serve = [".venv/bin/python", "-m", module or package]
    if not (service / "migrations").exists():
        return serve
    shell = f".venv/bin/alembic upgrade head && exec {' '.join(serve)}"
    return [".venv/bin/python", ".shipshape/shipshape/development/database.py", "sh", "-c", shell]


def start(service: Path, module: str = "", **variables: object) -> subprocess.Popen[str]:
    """Start it, with some variables."""
    environment = without_make(dict(os.environ)) | {
        "HOST": HOST,
        "SHUTDOWN_DELAY": "0",
        **{name: str(value) for name, value in variables.items()},
    }
    return subprocess.Popen(
        command(service, module),
        cwd=service,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(
    service: Path, module: str = "", **variables: object
) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """A service that is ready: its addresses, and its process."""
    port, management_port = free_ports(2)
    process = start(service, module, PORT=port, MANAGEMENT_PORT=management_port, **variables)
    api = f"http://{HOST}:{port}"
    deadline = time.monotonic() + READY_WITHIN
    try:
        while True:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "it was not ready in time"
            try:
                if get(f"{api}/readyz")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield api, f"http://{HOST}:{management_port}", process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_it_serves_its_schema_and_ends_with_0(service: Path) -> None:
    with running(service) as (api, management, process):
        schema = yaml.safe_load((service / "schema" / "openapi.yaml").read_text("utf-8"))
        assert json.loads(get(f"{api}/openapi.json")[1]) == schema
        for url in (f"{api}/docs", f"{api}/livez", f"{management}/metrics", f"{management}/info"):
            assert get(url)[0] == 200, url
        assert get(f"{api}/nothing")[0] == 404
        assert get(f"{api}/metrics")[0] == 404, "metrics belong to the management port"
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=30)
        assert process.returncode == 0, stdout + stderr
        assert "Traceback" not in stdout + stderr


@kinds("postgresql", "none")
def test_a_created_item_is_where_its_location_says_behind_a_proxy(service: Path) -> None:
    with running(service, FORWARDED_ALLOW_IPS=HOST) as (api, _, _):
        sent = {"Content-Type": "application/json", "X-Forwarded-Prefix": "/a%20shop"}
        item = json.dumps({"name": "Teapot", "quantity": 3}).encode()
        create = urllib.request.Request(f"{api}/items", item, sent)
        with urllib.request.urlopen(create, timeout=20) as created:
            location = created.headers["Location"]
        prefix, found, path = location.partition("/items/")
        assert (prefix, found) == ("/a%20shop", "/items/")
        assert get(f"{api}/items/{path}")[0] == 200


@kinds("postgresql", "none")
@pytest.mark.parametrize("variable", ["PORT", "MANAGEMENT_PORT"])
def test_a_bad_setting_stops_the_start(service: Path, variable: str) -> None:
    process = start(service, "", **{variable: "many"})
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 2, stdout + stderr
    explanations = [line for line in stderr.splitlines() if line.startswith(variable)]
    assert len(explanations) == 1
    assert "'many'" in explanations[0]
    assert "for example" in explanations[0]
    assert "Traceback" not in stdout + stderr


@kinds("postgresql", "none")
@pytest.mark.parametrize("variable", ["PORT", "MANAGEMENT_PORT"])
def test_a_busy_port_stops_the_start(service: Path, variable: str) -> None:
    ports = dict(zip(("PORT", "MANAGEMENT_PORT"), free_ports(2), strict=True))
    with socket.socket() as other:
        other.bind((HOST, ports[variable]))
        other.listen()
        process = start(service, "", **ports)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode not in (0, -signal.SIGTERM), stdout + stderr
    assert str(ports[variable]) in stdout + stderr
    assert "Traceback" not in stdout + stderr
