"""The environments in deploy/: which variables the service gets there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import yaml_files
from ..errors import ShipshapeError

DEPLOY = Path("deploy")
DEPLOYMENT = DEPLOY / "base" / "deployment.yaml"
AUTOSCALER = DEPLOY / "base" / "horizontalpodautoscaler.yaml"
JOB = DEPLOY / "service.nomad.hcl"
REQUIRED = ("production", "staging")


@dataclass(frozen=True)
class Variable:
    """A variable, and where it is set. A value of None is a secret, kept elsewhere."""

    name: str
    value: str | None
    place: str


@dataclass(frozen=True)
class Environment:
    """An environment, such as production."""

    name: str
    file: Path
    variables: tuple[Variable, ...]
    max_instances: int


def of_service(platform: str) -> list[Environment]:
    """ShipshapeError if files are missing, or are not as the template has them."""
    found = list(_on_kubernetes() if platform == "kubernetes" else _on_nomad())
    for name in REQUIRED:
        if name not in (environment.name for environment in found):
            file = f"{name}/service.env" if platform == "kubernetes" else f"{name}.vars.hcl"
            raise ShipshapeError(f"{DEPLOY / file} is missing: restore it")
    return found


def _on_kubernetes() -> Iterator[Environment]:
    try:
        containers = yaml_files.read(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
        container = next(it for it in containers if it["name"] == "service")
        beside = [_variable(it) for it in container.get("env") or ()]
    except (KeyError, StopIteration, TypeError):
        raise ShipshapeError(f"{DEPLOYMENT} must have a container called service") from None
    for file in sorted(DEPLOY.glob("*/service.env")):
        settings = [
            Variable(found[1], found[2], _place(file, found))
            for found in re.finditer("^([^#=\n]+)=(.*)$", file.read_text("utf-8"), re.MULTILINE)
        ]
        overlay = file.with_name("kustomization.yaml")
        yield Environment(file.parent.name, file, (*settings, *beside), _max_replicas(overlay))


def _variable(entry: dict[str, Any]) -> Variable:
    value = entry.get("value")
    return Variable(entry["name"], None if value is None else str(value), str(DEPLOYMENT))


def _max_replicas(overlay: Path) -> int:
    patched = re.search(r"path: /spec/maxReplicas, value: (\d+)", overlay.read_text("utf-8"))
    try:
        return int(patched[1] if patched else yaml_files.read(AUTOSCALER)["spec"]["maxReplicas"])
    except (KeyError, TypeError, ValueError):
        raise ShipshapeError(f"{AUTOSCALER} must set spec.maxReplicas") from None


def _on_nomad() -> Iterator[Environment]:
    job = JOB.read_text("utf-8")
    secrets = re.findall(r"^ +([A-Z_][A-Z0-9_]*)=\[\[", job, re.MULTILINE)
    for file in sorted(DEPLOY.glob("*.vars.hcl")):
        text = file.read_text("utf-8")
        settings = [
            Variable(found[1], found[2], _place(file, found))
            for found in re.finditer(r'^ +([A-Z_][A-Z0-9_]*) *= "(.*)"$', text, re.MULTILINE)
        ]
        most = re.search(r"^ +most *= (\d+)$", text, re.MULTILINE)
        if not most:
            raise ShipshapeError(f"{file} must set `most` of `instances`, as in most = 10")
        variables = (*settings, *(Variable(name, None, str(JOB)) for name in secrets))
        yield Environment(file.name.removesuffix(".vars.hcl"), file, variables, int(most[1]))


def _place(file: Path, found: re.Match[str]) -> str:
    line = found.string.count("\n", 0, found.start()) + 1
    return f"{file}:{line}"
