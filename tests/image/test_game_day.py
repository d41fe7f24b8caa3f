"""`make game-day`: what it breaks is told of by a real Alertmanager, and put back."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.render import render
from tests.service.conftest import run

from .conftest import Engine, docker
from .test_compose import Stack

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.xdist_group("docker")]

NAME = f"game-day-test-{os.getpid()}"


@pytest.fixture(scope="module")
def stack(
    engine: Engine, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A service with its database, installed, of which nothing runs."""
    service = render(template, tmp_path_factory.mktemp("game-day") / "service", service=NAME)
    run(service, "make", "install")
    stack = Stack(service, engine)
    try:
        yield stack
    finally:
        stack.compose("--profile=observability", "down", "--volumes", "--rmi=local")


def containers() -> str:
    """Those of the service that there are, running or not."""
    return docker("ps", "--all", "--quiet", f"--filter=label=com.docker.compose.project={NAME}")


def kept(stack: Stack) -> str:
    """What the misbehaving handlers have left in the database."""
    asked = "SELECT nspname FROM pg_namespace WHERE nspname = 'faulty'"
    psql = 'psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --tuples-only --command "$0"'
    return stack.compose("exec", "--no-TTY", "database", "sh", "-c", psql, asked).strip()


def test_what_breaks_is_told_of_and_put_back(stack: Stack) -> None:
    done = stack.make("game-day", only="database-down memory")
    assert done.returncode == 0, done.stdout
    for alert, page in (
        ("AvailabilityBudgetBurnFast (page)", "docs/playbook.md#a-dependency-is-down"),
        ("MemoryNearLimit (ticket)", "docs/playbook.md#it-runs-out-of-memory"),
    ):
        assert alert in done.stdout
        assert page in done.stdout
    assert done.stdout.count("the alert ended after") == 2
    assert containers() == ""


def test_a_drill_that_is_stopped_leaves_what_ran(stack: Stack) -> None:
    up = stack.make("up")
    assert up.returncode == 0, up.stdout
    before = stack.ask("GET", "/items")
    drill = subprocess.Popen(
        ["python3", ".shipshape", "game-day", "failures"],
        cwd=stack.service,
        env=os.environ | stack.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert drill.stdout
    for line in drill.stdout:
        if line.startswith("1/1 failures"):
            break
    time.sleep(1)
    assert kept(stack) == "faulty"
    drill.send_signal(signal.SIGINT)
    said = drill.stdout.read()
    assert drill.wait(120) == 130, said
    assert "error: stopped" in said
    assert stack.ask("GET", "/items")[0] == before[0] == 200
    assert stack.ask("GET", "/faulty/things")[0] == 404
    assert kept(stack) == ""
    assert stack.compose("ps", "--services").split() == ["database", "service"]


def test_a_drill_that_is_not_there_is_refused(stack: Stack) -> None:
    done = stack.make("game-day", only="flood")
    assert done.returncode == 2
    assert "there is no drill flood: choose of database-down, " in done.stdout
