"""The containers, as they are during a drill, and the alerts that Alertmanager has been sent."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from .. import description, service, yaml_files
from ..errors import ShipshapeError
from ..monitoring import objectives
from ..monitoring.products import for_prometheus
from ..monitoring.rules import faster, groups

FASTER = 30
"""What is an hour to the rules takes two minutes, and five minutes take ten seconds."""

PROMETHEUS = Path("monitoring/prometheus/prometheus.yml")
CONFIGURATION = Path(".venv/game-day")
OVERRIDE = CONFIGURATION / "compose.yaml"
PROFILE = "--profile=observability"
NEEDED = ("service", "prometheus", "alertmanager")

_PATIENCE_SECONDS = 180.0

Alerts = dict[str, dict[str, Any]]
Found = TypeVar("Found")


def _override() -> dict[str, Any]:
    """Over compose.yaml: handlers that misbehave, less room than usual, and quicker rules."""
    answers = service.answers()
    has_database = answers.database == "postgresql"
    return {
        "services": {
            "service": {
                "command": ["python", "-m", "game_day.faulty", answers.package],
                "working_dir": "/drill",
                "environment": (
                    {"DATABASE_POOL_SIZE": 8} if has_database else {"MAX_CONCURRENCY": 16}
                ),
                "volumes": ["./.shipshape/shipshape/game_day:/drill/game_day:ro"],
                "mem_limit": "256m",
                "memswap_limit": "256m",
            },
            "prometheus": {"volumes": [f"./{CONFIGURATION}:/etc/prometheus:ro"]},
        }
    }


class Stack:
    """The containers of this service."""

    def __init__(self) -> None:
        CONFIGURATION.mkdir(parents=True, exist_ok=True)
        OVERRIDE.write_text(yaml_files.text(_override()), "utf-8")
        self._ran_before = self.compose("ps", "--services", drill=False).split()
        self._ports: dict[str, int] = {}

    def compose(self, *arguments: str, drill: bool = True) -> str:
        """What `docker compose` says. ShipshapeError with its last lines if it fails."""
        files = ("--file=compose.yaml", f"--file={OVERRIDE}") if drill else ()
        command = ["docker", "compose", "--project-directory", ".", *files, PROFILE]
        try:
            done = subprocess.run(
                [*command, *arguments],
                env=os.environ | {"COMPOSE_MENU": "false"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise ShipshapeError(
                "docker is not installed, and a drill breaks containers: get it from "
                "https://docs.docker.com/get-docker"
            ) from None
        if done.returncode:
            said = "\n".join(done.stdout.splitlines()[-20:])
            raise ShipshapeError(f"{said}\n`docker compose {arguments[0]}` failed, as above says")
        return done.stdout

    def up(self) -> None:
        """Start all that a drill needs, and the dashboard where it can be had."""
        promise = objectives.read(description.of_service().latency_buckets)
        rules = for_prometheus(faster(groups(promise), FASTER))
        (CONFIGURATION / "rules.yml").write_text(rules, "utf-8")
        quick = PROMETHEUS.read_text("utf-8").replace("interval: 5s", "interval: 1s")
        (CONFIGURATION / "prometheus.yml").write_text(quick, "utf-8")
        self.compose("build", "service")
        self.compose("up", "--detach", "--wait", *NEEDED)
        try:
            self.compose("up", "--detach", "grafana")
        except ShipshapeError as error:
            reason = str(error).splitlines()[-2]  # the last that docker said
            print(f"The drill goes on without a dashboard, as Grafana does not start: {reason}")

    def put_back(self) -> None:
        """Leave the containers as they were found."""
        for name in self.compose("ps", "--services").split():
            if name not in self._ran_before:
                self.compose("rm", "--force", "--stop", name)
        if self._ran_before:
            self.compose("up", "--detach", "--wait", *self._ran_before, drill=False)
        else:
            self.compose("down", drill=False)

    def port(self, name: str, target: int) -> int:
        """The port of this machine where a container answers."""
        if name not in self._ports:
            published = self.compose("port", name, str(target)).strip()
            self._ports[name] = int(published.rpartition(":")[2])
        return self._ports[name]

    def firing(self) -> Alerts:
        """The alerts that Alertmanager has been sent and that have not ended, by their names.

        httpx2.HTTPError if it does not answer.
        """
        url = f"http://127.0.0.1:{self.port('alertmanager', 9093)}/api/v2/alerts?active=true"
        response = httpx2.get(url, timeout=10, trust_env=False).raise_for_status()
        return {it["labels"]["alertname"]: it for it in response.json()}

    def wait(self, look: Callable[[Alerts], Found | None], what: str) -> Found:
        """What `look` finds among the alerts, once it does; ShipshapeError if it never does.

        An alert may be gone a moment later, so what is found is not asked for again.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        fired = "not known, as Alertmanager does not answer"
        while time.monotonic() < deadline:
            with suppress(httpx2.HTTPError):
                alerts = self.firing()
                if found := look(alerts):
                    return found
                fired = ", ".join(sorted(alerts)) or "none"
            time.sleep(1)
        raise ShipshapeError(f"{what}, after {_PATIENCE_SECONDS:.0f} s; alerts now: {fired}")
