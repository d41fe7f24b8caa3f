"""How long a service takes to start, against a bare FastAPI application."""

import http.client
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.render import ROOT, export, render

from .installing import make
from .measuring import Cost, MeasuringError, Row, Table, Target, environment, progress, start

TITLE = "Start"
NOTE = """\
From the start of the process to the first 200 on `/readyz`. The bare application is `bare.py` on
uvicorn, from the environment of the same service, with uvloop and httptools. Warm: bytecode and
the disk cache, after a round that does not count. {rounds} rounds."""
HOST = "127.0.0.1"
DATABASES = ("none", "postgresql")


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    listeners = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports: list[int] = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def answers(port: int) -> bool:
    """Whether there is a 200 on /readyz."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def variables(service: Path, database: str) -> Iterator[dict[str, str]]:
    """What the service needs in its environment; its PostgreSQL runs meanwhile, if it has one."""
    if database == "none":
        yield {}
        return
    # The database lives as long as the command, and that one until its input is closed.
    command = ["sh", "-c", 'echo "$DATABASE_URL"; exec cat']
    with subprocess.Popen(
        [".venv/bin/python", "scripts/with_database.py", *command],
        cwd=service,
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise MeasuringError("PostgreSQL did not start")
        yield {"DATABASE_URL": url}


def start_service(service: Path, settings: dict[str, str]) -> Cost:
    """Start the service as its README says."""
    port, management_port = free_ports(2)
    python = service / ".venv" / "bin" / "python"
    ports = {"HOST": HOST, "PORT": str(port), "MANAGEMENT_PORT": str(management_port)}
    return start(lambda: answers(port), service, python, "-m", "orders", **ports, **settings)


def start_bare(service: Path) -> Cost:
    """Start the bare application with what the service has installed."""
    (port,) = free_ports(1)
    python = service / ".venv" / "bin" / "python"
    uvicorn = ("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--host", HOST)
    return start(
        lambda: answers(port), ROOT, python, *uvicorn, "--port", str(port), "bench.bare:app"
    )


def measure(folder: Path, rounds: int) -> list[Table]:
    """Start the one and the other in turn, for each kind of service."""
    rows = []
    template = export(folder / "template")
    for database in DATABASES:
        progress(f"start: install a service, database: {database}")
        service = render(template, folder / database, service="orders", database=database)
        make(service, "install")
        pairs = []
        with variables(service, database) as settings:
            for number in range(rounds + 1):
                progress(f"start: database {database}, round {number} of {rounds}")
                pairs.append((start_service(service, settings), start_bare(service)))
        ours, theirs = zip(*pairs[1:], strict=True)  # round 0 warms up
        rows += [
            Row(f"service, database: {database}", ours, theirs, Target("at most", 1.6, "×")),
            Row("bare FastAPI beside it", theirs),
        ]
    return [Table(TITLE, NOTE.format(rounds=rounds), rows)]
