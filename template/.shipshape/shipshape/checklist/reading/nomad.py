"""The workloads in the jobs of Nomad, with the variables of their environments."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..check import Evidence
from . import hcl, repository
from .hcl import Block
from .workloads import Container, Exposure, Platform, Scale, Workload

_GRACE_SECONDS = 5.0  # Nomad's own default
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_MANAGEMENT = re.compile(r"management|metrics|admin")
_ROUTING_TAGS = re.compile(r"traefik\.|urlprefix-")


def jobs() -> list[Block]:
    """The jobs in the repository."""
    files = repository.files_with(r'^job +"', "*.nomad", "*.nomad.hcl", "*.hcl")
    return [job for path in files for job in hcl.read(path).all("job")]


def platform(found: list[Block]) -> Platform:
    """What the jobs say."""
    groups = [(job, group) for job in found for group in job.all("group")]
    workloads = [_workload(job, group) for job, group in groups]
    management = [it for job, group in groups for it in _management(job, group)]
    return Platform(workloads, management, has_network_policies=False)


def _workload(job: Block, group: Block) -> Workload:
    tasks = list(group.all("task"))
    serves = job.attributes.get("type", "service") in ("service", "system")
    signals = {it.attributes.get("kill_signal", "SIGINT") for it in tasks}
    scaling = group.first("scaling")
    autoscaled = bool(scaling.attributes) and scaling.attributes.get("enabled") != "false"
    fixed = autoscaled and group.attributes.get("count") != scaling.attributes.get("min")
    return Workload(
        name=f"{group.name} of {job.name}",
        place=group.place,
        serves=serves,
        containers=tuple(_container(group, it) for it in tasks),
        grace_seconds=min(map(_grace, tasks), default=_GRACE_SECONDS),
        stop_signal=", ".join(sorted(signals)),
        waits_before_stop="shutdown_delay" in group.attributes,
        scales=tuple(_scales(job, group, autoscaled)),
        fixed_replicas=group.place if fixed else "",
        spread=_spread(job, group),
        disruption_budget=_disruption_budget(job, group),
        token=_token(group),
        limited_traffic=frozenset(),
    )


def _container(group: Block, task: Block) -> Container:
    checks = [it for block in (group, task) for it in block.all("service", "check")]
    restarting = [it for it in checks if list(it.all("check_restart"))]
    routing = [it for it in checks if it not in restarting]
    resources = task.first("resources").attributes
    return Container(
        name=" ".join(task.labels),
        place=task.place,
        serves=any(it.first("service").attributes for it in (group, task)),
        liveness=", ".join(map(_asked, restarting)),
        readiness=", ".join(map(_asked, routing)),
        requests_cpu=resources.get("cpu") or resources.get("cores") or "",
        requests_memory=resources.get("memory", ""),
        memory_limit=resources.get("memory_max") or resources.get("memory", ""),
        weaknesses=tuple(_weaknesses(task)),
    )


def _asked(check: Block) -> str:
    port = check.attributes.get("port")
    asked = check.attributes.get("path") or check.attributes.get("type", "")
    return f"GET {asked}{f' on {port}' if port else ''}"


def _grace(task: Block) -> float:
    found = re.fullmatch(r"([\d.]+)(ms|s|m|h)", task.attributes.get("kill_timeout", ""))
    return float(found[1]) * _SECONDS[found[2]] if found else _GRACE_SECONDS


def _weaknesses(task: Block) -> Iterator[str]:
    config = task.first("config").attributes
    if task.attributes.get("user", "root").partition(":")[0] in ("root", "0"):
        yield "may run as root: set user"
    if config.get("readonly_rootfs") != "true":
        yield "can write to its root: set readonly_rootfs = true"
    if "no-new-privileges" not in config.get("security_opt", ""):
        yield 'can gain privileges: set security_opt = ["no-new-privileges"]'
    if config.get("privileged") == "true":
        yield "is privileged: delete privileged"
    if "all" not in config.get("cap_drop", "").lower():
        yield 'keeps capabilities: set cap_drop = ["all"]'


def _scales(job: Block, group: Block, autoscaled: bool) -> Iterator[Scale]:
    """The scale in each environment, which a file of variables is for."""
    if job.attributes.get("type", "service") != "service":
        return
    scaling = group.first("scaling").attributes
    least = scaling.get("min", group.attributes.get("count", "1"))
    most = scaling.get("max", "") if autoscaled else ""
    files = sorted(Path(job.place.partition(":")[0]).parent.glob("*.vars.hcl"))
    for place, variables in [(str(it), hcl.read(it).attributes) for it in files] or [
        (group.place, {})
    ]:
        if (number := _number(least, variables)) is not None:
            yield Scale(place, number, _number(most, variables))


def _number(text: str, variables: Mapping[str, str]) -> int | None:
    value = variables.get(text.removeprefix("var."), text)
    return int(value) if value.isdecimal() else None


def _spread(job: Block, group: Block) -> Evidence | None:
    for block in (*group.all("spread"), *job.all("spread")):
        return Evidence(f"spread over {block.attributes.get('attribute')}", block.place)
    for block in (*group.all("constraint"), *job.all("constraint")):
        if "distinct_hosts" in (*block.attributes, *block.attributes.values()):
            return Evidence("distinct_hosts", block.place)
    return None


def _disruption_budget(job: Block, group: Block) -> Evidence | None:
    for block in (*group.all("migrate"), *job.all("migrate")):
        if most := block.attributes.get("max_parallel"):
            return Evidence(f"migrate: max_parallel = {most}", block.place)
    return None


def _token(group: Block) -> str:
    """A task gets a token only where it asks for one."""
    for identity in group.all("task", "identity"):
        if "true" in (identity.attributes.get("env"), identity.attributes.get("file")):
            return identity.place
    return ""


def _management(job: Block, group: Block) -> Iterator[Exposure]:
    """The ports for operators; ingresses find what they route to by its tags."""
    for port in group.all("network", "port"):
        name = " ".join(port.labels)
        if not _MANAGEMENT.search(name):
            continue
        services = (*group.all("service"), *group.all("task", "service"))
        public = tuple(
            Evidence("its tags have an ingress route to it", service.place)
            for service in services
            if service.attributes.get("port") == name
            and _ROUTING_TAGS.search(service.attributes.get("tags", ""))
        )
        yield Exposure(name, port.place, public)
