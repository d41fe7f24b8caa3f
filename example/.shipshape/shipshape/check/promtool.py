"""promtool reads the rules as Prometheus does, and runs the team's tests of rules."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .. import yaml_files
from ..errors import ShipshapeError
from ..monitoring import products
from ..monitoring.products import PRODUCTION_ALERTS, RULES
from .subject import Subject

TESTS = Path("monitoring/prometheus/tests")
FOLDER = Path(".venv/promtool")
"""Within the project, for the Docker of a CI job sees no other folder."""


def command() -> list[str]:
    """The command that runs promtool; [] without it.

    PROMTOOL names a program or, as `docker`, the image of Prometheus in compose.yaml.
    """
    program = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if program != "docker":
        return [program] if program else []
    image = re.search(r"(prom/prometheus:[^}\s]+)", Path("compose.yaml").read_text("utf-8"))
    if not image:
        raise ShipshapeError("PROMTOOL=docker needs the image prom/prometheus in compose.yaml")
    mounted = ["--volume", f"{Path.cwd()}:/service:ro", "--workdir", "/service"]
    run = ["docker", "run", "--rm", "--network", "none", *mounted, "--entrypoint", "promtool"]
    return [*run, os.environ.get("PROMETHEUS_IMAGE") or image[1]]


def valid_rules(subject: Subject) -> Iterator[str]:
    """Prometheus can load the rules, and the tests of the team pass."""
    yield from findings()


def findings() -> Iterator[str]:
    """What promtool finds in the rules and with their tests."""
    files = {RULES: RULES}
    if alerts := list(products.platform_alerts()):
        FOLDER.mkdir(parents=True, exist_ok=True)
        files[PRODUCTION_ALERTS] = FOLDER / "alerts.yml"
        groups = [{"name": "platform", "rules": alerts}]
        files[PRODUCTION_ALERTS].write_text(yaml_files.text({"groups": groups}), "utf-8")
    for file, read in files.items():
        yield from _run(file, "check", "rules", "--lint-fatal", str(read))
    for file in sorted(TESTS.glob("*.yml")):
        yield from _run(file, "test", "rules", str(file))


def _run(file: Path, *arguments: str) -> Iterator[str]:
    promtool = command()
    try:
        done = subprocess.run(
            [*promtool, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as error:
        raise ShipshapeError(f"{promtool[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        yield f"{file}: promtool refuses it: {' '.join(done.stdout.split())}"
