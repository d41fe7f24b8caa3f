"""How long a service takes to start, against a bare FastAPI application."""

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.lock import pip_index
from scripts.render import ROOT, export, render
from tests.ports import HOST, free_ports

from .installing import make
from .measuring import Cost, MeasuringError, Row, Table, Target, environment, progress, run, start

TITLE = "Start"
NOTE = """\
From the start of the process to the first 200 on `/readyz`. The bare application is `bare.py` on
uvicorn, with uvloop and httptools. Both run from one environment that has what an image has: the
service, and of `poetry.lock` what it needs to run. With PostgreSQL, the API of the service on bare
uvicorn shows what its storage has of the time. Warm: bytecode and the disk cache, after a round
that does not count. {rounds} rounds."""
DATABASES = ("none", "postgresql")


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
        [".venv/bin/python", ".shipshape/shipshape/development/database.py", *command],
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


def install(service: Path) -> Path:
    """Install the service with what it needs to run, and no more; the Python of it."""
    tools, runtime = service / ".tools", service.with_name(f"{service.name}-runtime")
    uv, ours = tools / "bin" / "uv", service / ".venv" / "bin" / "python"
    locked, python = runtime / "requirements.txt", runtime / "bin" / "python"
    run(service, uv, "venv", "--python", ours, runtime)
    command = [str(ours), ".shipshape/shipshape/requirements.py", "main"]
    done = subprocess.run(command, cwd=service, check=True, capture_output=True, text=True)
    locked.write_text(done.stdout, encoding="utf-8")
    index = {"UV_DEFAULT_INDEX": pip_index(), "UV_SYSTEM_CERTS": "1"}
    put = (uv, "pip", "install", "--compile-bytecode", "--python", python)
    run(service, *put, "--requirement", locked, **index)
    run(service, *put, "--no-deps", "--build-constraints", tools / "build.txt", service, **index)
    return python


def start_service(python: Path, folder: Path, settings: dict[str, str]) -> Cost:
    """Start the service as its README says."""
    port, management_port = free_ports(2)
    ports = {"HOST": HOST, "PORT": str(port), "MANAGEMENT_PORT": str(management_port)}
    return start(lambda: answers(port), folder, python, "-m", "orders", **ports, **settings)


def start_api(python: Path, settings: dict[str, str]) -> Cost:
    """Start the API of the service with its storage, but without the chassis."""
    (port,) = free_ports(1)
    variables = settings | {"HOST": HOST, "PORT": str(port)}
    return start(lambda: answers(port), ROOT, python, "-m", "bench.processes.stored", **variables)


def start_bare(python: Path) -> Cost:
    """Start the bare application."""
    (port,) = free_ports(1)
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
        python = install(service)
        ours, theirs, api = [], [], []
        with variables(service, database) as settings:
            for number in range(rounds + 1):
                progress(f"start: database {database}, round {number} of {rounds}")
                ours.append(start_service(python, folder, settings))
                theirs.append(start_bare(python))
                if database == "postgresql":
                    api.append(start_api(python, settings))
        # Round 0 warms up.
        target = Target("at most", 1.6, "×")
        rows.append(Row(f"service, database: {database}", ours[1:], theirs[1:], target))
        rows.append(Row("bare FastAPI beside it", theirs[1:]))
    rows.append(Row("its API on bare uvicorn", api[1:], theirs[1:]))
    return [Table(TITLE, NOTE.format(rounds=rounds), rows)]
