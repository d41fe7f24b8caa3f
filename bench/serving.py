"""What telemetry costs while serving, against bare FastAPI and against the usual stack."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from scripts.lock import pip_index
from scripts.render import ROOT, export, render

from .figures import CAPACITY_LEFT, MORE, TIMES, Figure
from .installing import make
from .measuring import MeasuringError, Table, Target, progress, run
from .server import Server, Site, serving, settle
from .starting import variables

WARM_UP, LOADED, PACED = 1.0, 0.5, 5.0
"""Seconds of load: before a measurement, in a turn of one of the CPU, and in one of latencies."""
TURNS = 6
"""How often each server is loaded in a round."""
RATE = 1000
"""Requests a second, for latencies: far from what any server can do, as in production."""

USUAL = (
    "asgi-correlation-id",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation-fastapi",
    "opentelemetry-sdk",
    "prometheus-fastapi-instrumentator",
    "structlog",
)
"""Put into the environment in their newest versions that fit what a service has locked."""

UVICORN = ("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log")
ON_UVICORN = (*UVICORN, "--host", "{HOST}", "--port", "{PORT}")
TINY = "/items/1"
CHASSIS_METRIC = "http_server_request_duration_seconds_count"

RAW = Server("raw ASGI", (*ON_UVICORN, "bench.processes.raw:app"), TINY)
BARE = Server("bare FastAPI", (*ON_UVICORN, "bench.processes.tiny:app"), TINY)
CHASSIS = Server(
    "the chassis, 10 % sampled",
    ("-m", "bench.processes.chassis"),
    TINY,
    telemetry=True,
    sampled=0.1,
    metric=CHASSIS_METRIC,
    metrics_port="MANAGEMENT_PORT",
)
CHASSIS_ALL = replace(CHASSIS, name="the chassis, 100 % sampled", sampled=1.0)
THE_USUAL = Server(
    "the usual stack, 10 % sampled",
    (*ON_UVICORN, "bench.processes.usual:app"),
    TINY,
    telemetry=True,
    sampled=0.1,
    metric="http_requests_total",
)
THE_USUAL_ALL = replace(THE_USUAL, name="the usual stack, 100 % sampled", sampled=1.0)
SERVICE = replace(CHASSIS, name="the service, 10 % sampled", command=("-m", "orders"))
STORED = Server("its API on bare uvicorn", ("-m", "bench.processes.stored"), "")

NOTE = """\
`GET /items/{{id}}`, answered with a model of five fields by one worker of uvicorn (uvloop,
httptools) on a core of its own, asked over 32 kept connections by a process on the other core.
The figure is the server's CPU for a request, all its threads together, until everything is told:
log lines into a file, a metric that is scraped, spans to a collector on the other core. *Against
bare* is the capacity left: what bare FastAPI takes, over what this takes. Each round checks that
every request was told of, and that all servers answer the same. In a round, new processes stand
side by side and are loaded in turn, {turns} times for {seconds:g} s each, after a second that does
not count: what slows the machine for a while slows all. {rounds} rounds. The usual stack, as in
`processes/usual.py`:

{usual}"""
LATENCY_NOTE = """\
The same servers at {rate} requests a second, sent at fixed times. A latency counts from the time
that the request was due, whatever became of those before it. The less others had of the serving
core meanwhile, the more the latencies say of the server: above a few percent, measure again.
Memory is what is resident after all that load. {rounds} rounds of {seconds:.0f} s."""
DATABASE_NOTE = """\
`GET /items/{{item_id}}` of the service, one row by its key, measured like the table *Serving*.
The CPU is the server's alone. PostgreSQL runs on the other core, and on bare uvicorn the same API
stands on the same storage. {rounds} rounds."""


def packages(service: Path) -> set[str]:
    """What is installed, as name==version."""
    folders = service.glob(".venv/lib/python*/site-packages/*.dist-info")
    names = (folder.name.removesuffix(".dist-info") for folder in folders)
    return {name.replace("-", "==", 1).replace("_", "-") for name in names}


def install(folder: Path) -> Path:
    """A service with a database, and beside it in its environment the usual stack."""
    progress("serving: install a service")
    service = render(export(folder / "template"), folder / "orders", service="orders")
    make(service, "install")
    progress("serving: install the usual stack")
    constraints = folder / "locked.txt"
    constraints.write_text("\n".join(packages(service)), encoding="utf-8")
    python = service / ".venv" / "bin" / "python"
    where = ("--python", python, "--constraint", constraints)
    settings = {"UV_DEFAULT_INDEX": pip_index(), "UV_SYSTEM_CERTS": "1"}
    run(service, ROOT / ".tools" / "bin" / "uv", "pip", "install", *where, *USUAL, **settings)
    return service


@contextmanager
def one_core_left() -> Iterator[int]:
    """Keep this process, and all that it starts, off a core; which one."""
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        raise MeasuringError("two cores are needed: one to serve, one for the load")
    serving_core, *others = sorted(cores)
    os.sched_setaffinity(0, others)
    try:
        yield serving_core
    finally:
        os.sched_setaffinity(0, cores)


def with_item(site: Site) -> tuple[Server, Server]:
    """The service, and its API without the chassis, with an item in the database to ask for."""
    with serving(SERVICE, site) as running:
        status, item = running.ask("POST", "/items", {"name": "Teapot", "quantity": 3})
    if status != 201 or not isinstance(item, dict):
        raise MeasuringError(f"{SERVICE.name}: {status} on POST /items: {item}")
    path = f"/items/{item['id']}"
    return replace(STORED, path=path), replace(SERVICE, path=path)


class Rounds:
    """What came of the rounds, by server."""

    def __init__(self) -> None:
        self.cpu: dict[str, list[float]] = defaultdict(list)
        self.p50: dict[str, list[float]] = defaultdict(list)
        self.p99: dict[str, list[float]] = defaultdict(list)
        self.others: dict[str, list[float]] = defaultdict(list)
        self.memory: dict[str, list[float]] = defaultdict(list)

    def measure(self, servers: Sequence[Server], site: Site, number: int) -> None:
        """Start servers side by side, load them in turn, note their figures."""
        with ExitStack() as stack:
            started = [stack.enter_context(serving(server, site)) for server in servers]
            answers = [running.answer() for running in started]
            if any(answer != answers[0] for answer in answers):
                raise MeasuringError(f"the servers do not answer the same: {answers}")
            for running in started:
                running.load(WARM_UP)
            settle()
            before = [(running.told(), running.cpu) for running in started]
            requests = [0] * len(started)
            for turn in range(1, TURNS + 1):
                progress(f"serving: round {number}, turn {turn} of {TURNS}")
                for index, running in enumerate(started):
                    requests[index] += running.load(LOADED).count
            settle()
            for running, (told, cpu), count in zip(started, before, requests, strict=True):
                self.cpu[running.server.name].append((running.cpu - cpu) / count * 1e6)
                running.prove(told, count)

    def pace(self, servers: Sequence[Server], site: Site, number: int) -> None:
        """Start servers one after the other, load them at a fixed rate, note their figures."""
        for server in servers:
            progress(f"serving: round {number}, latency of {server.name}")
            with serving(server, site) as running:
                running.load(WARM_UP)
                settle()
                told, cpu, core = running.told(), running.cpu, running.core
                answers = running.load(PACED, RATE)
                others = (running.core - core) - (running.cpu - cpu)
                settle()
                self.others[server.name].append(max(0.0, others) / PACED * 100)
                running.prove(told, answers.count)
                self.p50[server.name].append(answers.p50 * 1000)
                self.p99[server.name].append(answers.p99 * 1000)
                self.memory[server.name].append(running.memory)

    def capacity(self, server: Server, bare: Server, target: float | None = None) -> Figure:
        """What a request costs, and what capacity that leaves."""
        bound = Target("at least", target, "%") if target else None
        values, anchor = self.cpu[server.name], self.cpu[bare.name]
        if server is bare:
            return Figure(server.name, values, "µs")
        return Figure(server.name, values, "µs", CAPACITY_LEFT, anchor, bound)


def measure(folder: Path, rounds: int) -> list[Table]:
    """Load each server in turn."""
    service = install(folder)
    tiny = (RAW, BARE, CHASSIS, CHASSIS_ALL, THE_USUAL, THE_USUAL_ALL)
    came = Rounds()
    with (
        one_core_left() as core,
        variables(service, "postgresql") as settings,
    ):
        run(service, service / ".venv" / "bin" / "alembic", "upgrade", "head", **settings)
        site = Site(service, core, settings)
        stored = with_item(site)
        for number in range(1, rounds + 1):
            came.measure(tiny, site, number)
            came.measure(stored, site, number)
            came.pace((BARE, CHASSIS), site, number)

    bare_api, of_service = stored
    usual = sorted(f"- {name}" for name in packages(service) if _is_usual(name))
    return [
        Table(
            "Serving",
            NOTE.format(rounds=rounds, turns=TURNS, seconds=LOADED, usual="\n".join(usual)),
            [
                came.capacity(RAW, BARE),
                came.capacity(BARE, BARE),
                came.capacity(CHASSIS, BARE, 70),
                came.capacity(CHASSIS_ALL, BARE, 42),
                came.capacity(THE_USUAL, BARE),
                came.capacity(THE_USUAL_ALL, BARE),
            ],
        ),
        Table(
            "Latency and memory",
            LATENCY_NOTE.format(rounds=rounds, seconds=PACED, rate=RATE),
            [
                *_against_bare("p50", came.p50, "ms"),
                *_against_bare("p99", came.p99, "ms", Target("at most", 1.3, "×")),
                Figure(f"others on the core, {BARE.name}", came.others[BARE.name], "%"),
                Figure(f"others on the core, {CHASSIS.name}", came.others[CHASSIS.name], "%"),
                *_against_bare("memory", came.memory, "MB", Target("at most", 30, "MB more")),
            ],
        ),
        Table(
            "With PostgreSQL",
            DATABASE_NOTE.format(rounds=rounds),
            [came.capacity(bare_api, bare_api), came.capacity(of_service, bare_api, 85)],
        ),
    ]


def _against_bare(
    what: str, came: dict[str, list[float]], unit: str, target: Target | None = None
) -> list[Figure]:
    comparison = MORE if unit == "MB" else TIMES
    bare = came[BARE.name]
    return [
        Figure(f"{what}, {BARE.name}", bare, unit),
        Figure(f"{what}, {CHASSIS.name}", came[CHASSIS.name], unit, comparison, bare, target),
    ]


def _is_usual(package: str) -> bool:
    return package.split("==")[0] in USUAL
