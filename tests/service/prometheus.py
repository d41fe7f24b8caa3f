"""A real Prometheus beside a running service, with the service's own rules."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.debian import program
from tests.ports import HOST, free_ports

SCRAPE_INTERVAL = "500ms"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Prometheus:
    """Where it answers."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of a query, now."""
        asked = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}", timeout=10) as response:
            return list(json.load(response)["data"]["result"])

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {it["metric"]["alertname"] for it in self.query('ALERTS{alertstate="firing"}')}

    def alert(self, name: str) -> dict[str, Any]:
        """An alert as Alertmanager is told of it."""
        with urllib.request.urlopen(f"{self.url}/api/v1/alerts", timeout=10) as response:
            found = json.load(response)["data"]["alerts"]
        return dict(next(it for it in found if it["labels"]["alertname"] == name))


@contextmanager
def watching(service: Path, management: str, folder: Path, faster: float) -> Iterator[Prometheus]:
    """One that scrapes a running service, all times of its rules so many times shorter."""
    made = ["python3", ".shipshape", "monitoring", "--faster", str(faster)]
    rules = subprocess.run(made, cwd=service, check=True, capture_output=True, text=True).stdout
    folder.mkdir()
    (folder / "rules.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(configuration(rules, management))
    address, log = f"{HOST}:{free_ports(1)[0]}", folder / "prometheus.log"
    command = [
        program("prometheus", "prometheus"),
        "--config.file=prometheus.yml",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (
        log.open("w") as output,
        subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as process,
    ):
        try:
            await_ready(f"http://{address}/-/ready", process, log)
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()


def configuration(rules: str, management: str) -> str:
    """Its configuration: the job is called as the rules have it."""
    job = yaml.safe_load(rules)["groups"][0]["rules"][0]["labels"]["service"]
    target = management.removeprefix("http://")
    return yaml.safe_dump(
        {
            "global": {
                "scrape_interval": SCRAPE_INTERVAL,
                "scrape_timeout": SCRAPE_INTERVAL,
                "evaluation_interval": SCRAPE_INTERVAL,
            },
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [target]}]}],
        }
    )


def await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.1)
