"""`make up`, and what becomes of it: a database that dies, a stop under load, a port in use."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from scripts.render import render
from tests.commands import shipshape
from tests.ports import free_ports

from .conftest import Engine, docker

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.xdist_group("docker")]

NAME = f"compose-test-{os.getpid()}"  # Compose tells projects apart by it
CLIENTS = 16
SECONDS = 60.0


class Stack:
    """The containers of a service."""

    def __init__(self, service: Path, engine: Engine) -> None:
        names = ("PORT", "MANAGEMENT_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.service = service
        self.variables = engine.images | {name: str(port) for name, port in self.ports.items()}

    def make(self, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a target of the service."""
        return subprocess.run(
            ["make", target],
            cwd=self.service,
            env=os.environ | self.variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def compose(self, *arguments: str) -> str:
        """What `docker compose` says."""
        file = ("compose", "--file", str(self.service / "compose.yaml"))
        return docker(*file, *arguments, variables=self.variables)

    def ask(
        self, method: str, path: str, body: object = None, port: str = "PORT"
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.ports[port], timeout=30)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read().decode()
        finally:
            connection.close()

    def container(self, name: str) -> str:
        """The id of the container of a compose service."""
        return self.compose("ps", "--all", "--quiet", name).strip()


def becomes_true(condition: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether it does in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture(scope="module")
def stack(
    engine: Engine, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A service with its database, as `make up` starts it."""
    service = render(template, tmp_path_factory.mktemp("compose") / "service", service=NAME)
    stack = Stack(service, engine)
    try:
        up = stack.make("up")
        assert up.returncode == 0, up.stdout
        assert f"http://127.0.0.1:{stack.ports['PORT']}/docs" in up.stdout
        yield stack
    finally:
        stack.compose("--profile=observability", "down", "--volumes", "--rmi=local")


def test_up_serves(stack: Stack) -> None:
    status, _, text = stack.ask("POST", "/items", {"name": "Teapot", "quantity": 3})
    assert status == 201
    created = json.loads(text)
    status, _, text = stack.ask("GET", f"/items/{created['id']}")
    assert (status, json.loads(text)) == (200, created)
    assert stack.ask("GET", "/metrics", port="MANAGEMENT_PORT")[0] == 200


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = stack.container("service")
    again = stack.make("up")
    assert again.returncode == 0, again.stdout
    assert stack.container("service") == before


def test_migrations_log_and_end(stack: Stack) -> None:
    assert "0001" in stack.compose("logs", "--no-log-prefix", "migrations")
    exited = docker("inspect", "--format={{.State.ExitCode}}", stack.container("migrations"))
    assert exited.strip() == "0"


def test_database_that_dies_and_comes_back(stack: Stack) -> None:
    stack.compose("stop", "database")
    try:
        assert becomes_true(lambda: stack.ask("GET", "/items")[0] == 503)
        status, headers, text = stack.ask("GET", "/items")
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert int(headers["retry-after"]) > 0
        assert json.loads(text)["request_id"] == headers["x-request-id"]
        assert stack.ask("GET", "/livez")[0] == 200
    finally:
        stack.compose("start", "database")
    assert becomes_true(lambda: stack.ask("GET", "/items")[0] == 200, 15)


def test_stop_under_load_fails_no_request(stack: Stack) -> None:
    """The clients do as behind a load balancer: they leave once /readyz has said 503."""
    container = stack.container("service")
    over, failures, answered = threading.Event(), [], [0] * CLIENTS

    def client(number: int) -> None:
        while not over.is_set():
            try:
                status = stack.ask("GET", "/items?limit=1")[0]
            except (OSError, HTTPException) as error:
                failures.append(repr(error))
            else:
                answered[number] += 1
                if status != 200:
                    failures.append(str(status))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    try:
        for thread in threads:
            thread.start()
        time.sleep(1)
        with subprocess.Popen(["docker", "stop", "--time=30", container]) as stopping:
            assert becomes_true(lambda: stack.ask("GET", "/readyz")[0] == 503, 10)
            time.sleep(
                1
            )  # which a load balancer takes to notice: requests still come, and are served
            over.set()
            for thread in threads:
                thread.join()
            stopping.wait()
        assert failures == []
        assert min(answered) > 0
        exited = docker("inspect", "--format={{.State.ExitCode}}", container)
        assert exited.strip() == "0"
    finally:
        over.set()
        stack.compose("up", "--detach", "--wait")


def test_metrics_and_alerts(stack: Stack) -> None:
    """Prometheus scrapes the service and knows Alertmanager and the rules."""
    profile = ("--profile=observability", "up", "--detach")
    stack.compose(*profile, "prometheus", "alertmanager")

    def answer(path: str) -> str:
        try:
            return stack.ask("GET", path, port="PROMETHEUS_PORT")[2]
        except (OSError, HTTPException):
            return ""

    build = "/api/v1/query?query=service_build_info"
    assert becomes_true(lambda: '"value"' in answer(build)), answer("/api/v1/targets")
    rules = json.loads(answer("/api/v1/rules"))["data"]["groups"]
    found = [rule for group in rules for rule in group["rules"]]
    assert {rule["name"] for rule in found} >= {"ServiceDown"}
    assert {rule["health"] for rule in found} <= {"ok", "unknown"}
    assert becomes_true(lambda: "alertmanager:9093" in answer("/api/v1/alertmanagers"))


def test_a_port_in_use_is_said_and_nothing_starts(
    engine: Engine, template: Path, tmp_path: Path
) -> None:
    service = render(template, tmp_path / "service", service=f"{NAME}-port", database="none")
    other = Stack(service, engine)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = other.make("up", PORT=str(port))
    assert up.returncode != 0
    assert re.search(
        rf"^error: port {port} is in use: stop what uses it, or choose another one, "
        rf"as in `make up PORT={port + 1}`$",
        up.stdout,
        re.MULTILINE,
    )
    assert other.container("service") == ""


def test_a_build_that_fails_says_why(engine: Engine, template: Path, tmp_path: Path) -> None:
    service = render(template, tmp_path / "service", service=f"{NAME}-index", database="none")
    with (service / "pyproject.toml").open("a") as project:
        project.write("# so that what is installed already does not count\n")
    (port,) = free_ports(1)
    stack = Stack(service, engine)
    assert stack.make(".tools/shipshape/.installed").returncode == 0
    up = stack.make("up", UV_DEFAULT_INDEX=f"http://127.0.0.1:{port}/simple")
    assert up.returncode != 0
    assert f"http://127.0.0.1:{port}/simple/" in up.stdout
    assert "error: `docker compose build` failed, for the reason above" in up.stdout


def test_no_docker_is_said(template: Path, tmp_path: Path) -> None:
    service = render(template, tmp_path / "service", service=NAME)
    up = shipshape(service, "up", PATH="")
    assert up.returncode == 1
    assert up.stderr.startswith("error: docker is not installed")
