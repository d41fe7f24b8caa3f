"""A server that is measured: started, pinned to a core, loaded, and asked for proof."""

import http.client
import json
import math
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from scripts.render import ROOT
from tests.ports import HOST, free_ports

from .measuring import READY_WITHIN, MeasuringError, environment

# Set for all that export: the CPU of what is told later than this would count for nobody.
EXPORTED_WITHIN = 1.0
SPANS_A_REQUEST = 3  # at most: the usual stack tells of sending the answer too
SPANS_KEPT = 0.99  # an exporter may drop some where it cannot follow, but not many


@dataclass(frozen=True)
class Server:
    """How to start a server, and what it claims to tell of each request."""

    name: str
    command: tuple[str, ...]
    path: str
    telemetry: bool = False
    """Whether each request becomes a line of its log, a sample of its metric, perhaps a span."""
    sampled: float = 0.0
    metric: str = ""
    metrics_port: str = "PORT"


@dataclass(frozen=True)
class Told:
    """What there is of a server's telemetry."""

    lines: int
    samples: float
    spans: int


@dataclass(frozen=True)
class Answers:
    """What came of a load, in seconds."""

    count: int
    p50: float
    p99: float


@dataclass(frozen=True)
class Site:
    """Where all servers run: in the environment of a service, one at a time, on a core."""

    service: Path
    core: int
    settings: dict[str, str]

    @property
    def python(self) -> Path:
        return self.service / ".venv" / "bin" / "python"


class Running:
    """A server that runs."""

    def __init__(
        self, server: Server, site: Site, log: Path, pid: int, ports: dict[str, str], collector: int
    ) -> None:
        self.server = server
        self._site = site
        self._log = log
        self._pid = pid
        self._ports = ports
        self._collector = collector

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        """The status and the body of the answer to one request."""
        connection = http.client.HTTPConnection(HOST, int(self._ports["PORT"]), timeout=10)
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        try:
            with connection.getresponse() as response:
                return response.status, json.load(response)
        finally:
            connection.close()

    def answer(self) -> object:
        """What it answers to the request that it is loaded with."""
        status, body = self.ask("GET", self.server.path)
        if status != 200:
            raise MeasuringError(f"{self.server.name}: {status} on {self.server.path}: {body}")
        return body

    @property
    def cpu(self) -> float:
        """Seconds of CPU of all its threads: the clock that clock_getcpuclockid(3) gives."""
        return time.clock_gettime_ns(~self._pid << 3 | 2) / 1e9

    @property
    def memory(self) -> float:
        """Resident MB."""
        status = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    @property
    def core(self) -> float:
        """Seconds that its core has worked, whoever for, and been taken away by the host."""
        line = f"cpu{self._site.core} "
        stat = Path("/proc/stat").read_text(encoding="ascii").partition(line)[2].split()
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat[:8])
        ticks = user + nice + system + irq + softirq + steal
        return ticks / os.sysconf("SC_CLK_TCK")

    def load(self, seconds: float, rate: int | None = None) -> Answers:
        """Load it from another process; an answer other than 200 is an error."""
        load = ("-m", "bench.processes.load", HOST, self._ports["PORT"], self.server.path)
        process = subprocess.run(
            [self._site.python, *load, str(seconds), str(rate or 0)],
            cwd=ROOT,
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=seconds + READY_WITHIN,
        )
        if process.returncode != 0:
            raise MeasuringError(f"{process.stderr[-2000:]}\n{self.server.name}: the load failed")
        result = json.loads(process.stdout)
        if result["failures"] or not result["answers"]:
            raise MeasuringError(
                f"{self.server.name}: {result['failures']} of {result['answers']} requests "
                f"failed, the first with: {result['failure']}"
            )
        return Answers(result["answers"], result["p50"], result["p99"])

    def told(self) -> Told:
        """What it has told up to now."""
        if not self.server.telemetry:
            return Told(0, 0, 0)
        with self._log.open("rb") as log:
            asked = f'"{self.server.path}"'.encode()
            lines = sum(line.startswith(b"{") and asked in line for line in log)
        metrics = _read(int(self._ports[self.server.metrics_port]), "/metrics").splitlines()
        samples = (line for line in metrics if line.startswith(self.server.metric + "{"))
        spans = int(_read(self._collector, "/spans"))
        return Told(lines, sum(float(sample.rsplit(" ", 1)[1]) for sample in samples), spans)

    def prove(self, before: Told, requests: int) -> None:
        """Hold it to what it claims: telemetry that is off would cost nothing."""
        if not self.server.telemetry:
            return
        now, name = self.told(), self.server.name
        if (lines := now.lines - before.lines) < requests:
            raise MeasuringError(f"{name}: {lines} lines logged of {requests} requests")
        if (samples := now.samples - before.samples) < requests:
            raise MeasuringError(f"{name}: {samples:.0f} requests in /metrics of {requests}")
        traces = self.server.sampled * requests
        chance = 5 * math.sqrt(traces * (1 - self.server.sampled))
        spans = now.spans - before.spans
        most = SPANS_A_REQUEST * (traces + chance + 2)  # two more to read its metrics
        if not SPANS_KEPT * traces - chance <= spans <= most:
            raise MeasuringError(
                f"{name}: the collector got {spans} spans of {requests} requests, "
                f"{self.server.sampled:.0%} of them traced"
            )


def settle() -> None:
    """Let servers write and export what they still hold."""
    time.sleep(EXPORTED_WITHIN + 0.5)


def _read(port: int, path: str) -> str:
    url = f"http://{HOST}:{port}{path}"
    try:
        with urlopen(url, timeout=10) as response:
            text: str = response.read().decode()
    except OSError as error:
        raise MeasuringError(f"no answer from {url}: {error}") from None
    return text


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port)).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def serving(server: Server, site: Site) -> Iterator[Running]:
    """Start a server on its core and a collector for it, wait for both, kill them at the end."""
    port, management_port = free_ports(2)
    ports = {"HOST": HOST, "PORT": str(port), "MANAGEMENT_PORT": str(management_port)}
    command = [part.format(**ports) for part in server.command]
    log = site.service.with_name(f"log-{port}")
    with (
        collecting(site.python) as collector,
        log.open("wb") as output,
        subprocess.Popen(
            [str(site.python), *command],
            cwd=ROOT,
            env=environment(site.settings | ports | _telemetry(server, collector)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        os.sched_setaffinity(process.pid, {site.core})
        try:
            try:
                _wait(lambda: _listens(port), process, server.name)
            except MeasuringError as error:
                raise MeasuringError(f"{log.read_text()[-4000:]}\n{error}") from None
            yield Running(server, site, log, process.pid, ports, collector)
        finally:
            process.kill()
    log.unlink()


def _telemetry(server: Server, collector: int) -> dict[str, str]:
    return {
        "OTEL_SERVICE_NAME": "orders",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(server.sampled),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{collector}",
        "OTEL_BSP_SCHEDULE_DELAY": f"{EXPORTED_WITHIN * 1000:.0f}",
        "SHUTDOWN_DELAY": "0",
    }


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> None:
    started = time.perf_counter()
    while not ready():
        if process.poll() is not None:
            raise MeasuringError(f"{name} ended with {process.returncode} before it was ready")
        if time.perf_counter() - started > READY_WITHIN:
            raise MeasuringError(f"{name} was not ready in {READY_WITHIN:.0f} s")
        time.sleep(0.01)


@contextmanager
def collecting(python: Path) -> Iterator[int]:
    """A stand-in for a collector; its port."""
    (port,) = free_ports(1)
    command = [str(python), "-m", "bench.processes.collector", HOST, str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment({})) as process:
        try:
            _wait(lambda: _listens(port), process, "the collector")
            yield port
        finally:
            process.kill()
