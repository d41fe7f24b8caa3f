"""The containers, as they are during a drill, and the alerts that Alertmanager has been sent."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from ..monitoring.objectives import ROOT
from ..monitoring.prometheus import for_prometheus
from ..monitoring.rules import faster, groups

FASTER = 30
"""What is an hour to the rules takes two minutes, and five minutes take ten seconds."""

PROMETHEUS = ROOT / "monitoring" / "prometheus" / "prometheus.yml"
CONFIGURATION = ROOT / ".venv" / "game-day"
FILES = ("--file=compose.yaml", f"--file={Path(__file__).with_name('compose.yaml')}")
PROFILE = "--profile=observability"
NEEDED = ("service", "prometheus", "alertmanager")

_PATIENCE_SECONDS = 180.0

Alerts = dict[str, dict[str, Any]]
Found = TypeVar("Found")


class DrillError(Exception):
    """Why there is no drill, or why it cannot go on, in a sentence."""


class Stack:
    """The containers of this service."""

    def __init__(self) -> None:
        self._ran_before = self.compose("ps", "--services", drill=False).split()
        self._ports: dict[str, int] = {}

    def compose(self, *arguments: str, drill: bool = True) -> str:
        """What `docker compose` says. DrillError with the last of it where it fails."""
        files = FILES if drill else ()
        command = ["docker", "compose", "--project-directory", str(ROOT), *files, PROFILE]
        try:
            done = subprocess.run(
                [*command, *arguments],
                cwd=ROOT,
                env=os.environ | {"COMPOSE_MENU": "false"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise DrillError(
                "docker is not installed, and a drill breaks containers: get it from "
                "https://docs.docker.com/get-docker"
            ) from None
        if done.returncode:
            said = "\n".join(done.stdout.splitlines()[-20:])
            raise DrillError(f"{said}\n`docker compose {arguments[0]}` failed, as above says")
        return done.stdout

    def up(self) -> None:
        """Start all that a drill needs, and the dashboard where it can be had."""
        CONFIGURATION.mkdir(parents=True, exist_ok=True)
        rules = for_prometheus(faster(groups(), FASTER))
        (CONFIGURATION / "rules.yml").write_text(rules, "utf-8")
        quick = PROMETHEUS.read_text("utf-8").replace("interval: 5s", "interval: 1s")
        (CONFIGURATION / "prometheus.yml").write_text(quick, "utf-8")
        self.compose("build", "service")
        self.compose("up", "--detach", "--wait", *NEEDED)
        try:
            self.compose("up", "--detach", "grafana")
        except DrillError as error:
            reason = str(error).splitlines()[-2]  # the last that docker said
            print(f"The drill goes on without a dashboard, as Grafana does not start: {reason}")

    def put_back(self) -> None:
        """Leave the containers as they were found."""
        for service in self.compose("ps", "--services").split():
            if service not in self._ran_before:
                self.compose("rm", "--force", "--stop", service)
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

        OSError where it does not answer.
        """
        url = f"http://127.0.0.1:{self.port('alertmanager', 9093)}/api/v2/alerts?active=true"
        with urllib.request.urlopen(url, timeout=10) as response:
            return {it["labels"]["alertname"]: it for it in json.load(response)}

    def wait(self, look: Callable[[Alerts], Found | None], what: str) -> Found:
        """What `look` finds among the alerts, once it finds something; DrillError if it never does.

        An alert may be gone a moment later, so what is found is not asked for again.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        fired = "not known, as Alertmanager does not answer"
        while time.monotonic() < deadline:
            with suppress(OSError):
                alerts = self.firing()
                if found := look(alerts):
                    return found
                fired = ", ".join(sorted(alerts)) or "none"
            time.sleep(1)
        raise DrillError(f"{what}, after {_PATIENCE_SECONDS:.0f} s; alerts now: {fired}")
