"""The containers of compose.yaml: start them, wait until they are healthy, say where they answer.

Nothing is started where a port that is needed is in use.
"""

import json
import os
import socket
import subprocess
from subprocess import PIPE

from .errors import ShipshapeError

# The port of a container that people look at, the variable that moves it here, and what it shows.
PAGES = {
    ("service", 8000): ("PORT", "/docs", "the API, to try out"),
    ("service", 9000): ("MANAGEMENT_PORT", "/info", "what runs; metrics are beside it"),
    ("grafana", 3000): ("GRAFANA_PORT", "/", "the dashboard"),
    ("traces", 16686): ("TRACES_PORT", "/search", "traces"),
    ("prometheus", 9090): ("PROMETHEUS_PORT", "/alerts", "alerts and metrics"),
    ("alertmanager", 9093): ("ALERTMANAGER_PORT", "/", "alerts that were sent"),
}
COLLECTOR = "http://collector:4318"


def compose(*arguments: str, stdout: int | None = None) -> str:
    """Run `docker compose`, and let it show what it does, or hand it over: stdout=PIPE."""
    try:
        done = subprocess.run(
            ["docker", "compose", *arguments], stdout=stdout, text=True, check=False
        )
    except FileNotFoundError:
        raise ShipshapeError(
            "docker is not installed: get it from https://docs.docker.com/get-docker, or use "
            "`make run`, which needs none"
        ) from None
    if done.returncode != 0:
        command = next(each for each in arguments if not each.startswith("-"))
        raise ShipshapeError(f"`docker compose {command}` failed, for the reason above")
    return done.stdout or ""


def published(profiles: list[str]) -> dict[int, tuple[str, int]]:
    """The ports of this machine that will be used, and whose port each is."""
    services = json.loads(compose(*profiles, "config", "--format=json", stdout=PIPE))["services"]
    return {
        int(port["published"]): (name, port["target"])
        for name, service in services.items()
        for port in service.get("ports", ())
        if port.get("published")
    }


def used_by_ourselves() -> set[int]:
    """The ports that containers of an earlier start use."""
    lines = compose("ps", "--format=json", stdout=PIPE).splitlines()
    publishers = [one for line in lines for one in json.loads(line)["Publishers"] or ()]
    return {one["PublishedPort"] for one in publishers}


def check_free(ports: dict[int, tuple[str, int]]) -> None:
    """Make sure that nothing else uses a port."""
    ours = used_by_ourselves()
    for port, page in ports.items():
        if port in ours:
            continue
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                variable = PAGES[page][0] if page in PAGES else f"the port of {page[0]}"
                raise ShipshapeError(
                    f"port {port} is in use: stop what uses it, or choose another one, as in "
                    f"`make up {variable}={port + 1}`"
                ) from None


def up(observability: bool) -> None:
    """Start, wait, and say where to look."""
    profiles = ["--profile=observability"] if observability else []
    if observability:
        os.environ.setdefault("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR)
        os.environ.setdefault("OTEL_TRACES_SAMPLER_ARG", "1")
    ports = published(profiles)
    check_free(ports)
    compose(*profiles, "build")
    compose(*profiles, "up", "--detach", "--wait")
    for port, page in sorted(ports.items()):
        _, path, what = PAGES.get(page, ("", "", page[0]))
        print(f"http://127.0.0.1:{port}{path}  {what}")
