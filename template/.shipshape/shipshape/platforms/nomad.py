"""Nomad, by its command line: what runs in an environment, and how a digest gets to run there.

The credentials are Nomad's own: NOMAD_ADDR and NOMAD_TOKEN.
"""

import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import ShipshapeError
from ..programs import run
from ..service import image
from ..service import name as service_name
from .platform import MIGRATION_SECONDS, require_digest, require_environment, running_digest

_POLL_SECONDS = 2.0
_NAMESPACE = re.compile(r'^namespace *= *"([^"]+)"$', re.MULTILINE)
_DEPLOY = Path("deploy")
_JOB = _DEPLOY / "service.nomad.hcl"
_MIGRATION = _DEPLOY / "migration.nomad.hcl"
_SUFFIX = ".vars.hcl"


class Nomad:
    """The cluster, as `platforms.Platform` says."""

    def current(self, environment: str) -> str | None:
        """The digest that the job has; None where there is no job, or it was stopped."""
        name = service_name()
        jobs = _ask(environment, "jobs", prefix=name)
        if not any(job["ID"] == name and not job["Stop"] for job in jobs):
            return None
        groups = _ask(environment, f"job/{name}")["TaskGroups"]
        tasks = [task for group in groups for task in group["Tasks"] if task["Name"] == "service"]
        running = tasks[0]["Config"]["image"] if tasks else "no task `service`"
        return running_digest(environment, str(running))

    def render(self, environment: str, digest: str, version: str | None) -> str:
        """What would be submitted: the job of the environment, with this image, as JSON."""
        return run("nomad", "job", "run", "-output", *_job(environment, digest, version))

    def diff(self, environment: str, digest: str, version: str | None) -> str:
        """What submitting it would change, and where its instances would be placed."""
        job = _job(environment, digest, version)
        return run("nomad", "job", "plan", "-no-color", *job, accept=(0, 1))

    def migrate(self, environment: str, digest: str, version: str | None) -> None:
        """Run deploy/migration.nomad.hcl to its end, where there is one, and print its log."""
        if not _MIGRATION.is_file():
            return
        namespace = _namespace(environment)
        name = f"{service_name()}-migration"
        variables = ("-var", f"namespace={namespace}", *_image(digest))
        run("nomad", "job", "run", "-detach", *variables, str(_MIGRATION))
        allocation, outcome = _await_end(environment, name)
        log = _log(environment, allocation)
        if outcome == "complete":
            print(log)
            return
        run("nomad", "job", "stop", "-detach", "-namespace", namespace, name)
        raise ShipshapeError(
            f"the migrations of {digest} {outcome} in {environment}, and no instance was changed"
            f"\n{_events(allocation)}\n{log}".rstrip()
        )

    def roll_out(self, environment: str, digest: str, version: str | None) -> None:
        """Submit the job, and wait until all instances are new and healthy."""
        job = _job(environment, digest, version)
        try:
            run("nomad", "job", "run", "-preserve-counts", *job)
        except ShipshapeError as error:
            raise _stuck(environment, digest, str(error)) from None
        # Nomad may have put the version before back by itself, and be content with that.
        if self.current(environment) != digest:
            raise _stuck(environment, digest, "Nomad has put the version before back")


def _namespace(environment: str) -> str:
    """Where the environment is, as its variables say."""
    path = _DEPLOY / f"{environment}{_SUFFIX}"
    known = (path.name.removesuffix(_SUFFIX) for path in _DEPLOY.glob(f"*{_SUFFIX}"))
    require_environment(environment, known)
    found = _NAMESPACE.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise ShipshapeError(f'{path} has no line `namespace = "…"`')
    return found[1]


def _image(digest: str) -> tuple[str, ...]:
    require_digest(digest)
    return ("-var", f"image={image()}", "-var", f"digest={digest}")


def _job(environment: str, digest: str, version: str | None) -> tuple[str, ...]:
    """The job with all its variables, as arguments of nomad."""
    _namespace(environment)
    variables = ("-var-file", str(_DEPLOY / f"{environment}{_SUFFIX}"), *_image(digest))
    release = ("-var", f'release={{SERVICE_VERSION="{version}"}}') if version else ()
    return (*variables, *release, str(_JOB))


def _ask(environment: str, path: str, **parameters: str) -> Any:
    """Ask Nomad's HTTP API, where one command line would match names by their beginning."""
    parameters = {"namespace": _namespace(environment), **parameters}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return json.loads(run("nomad", "operator", "api", f"/v1/{path}?{query}"))


def _allocations(environment: str, name: str) -> list[dict[str, Any]]:
    """The allocations of the job as it was submitted last, the newest last."""
    version = _ask(environment, f"job/{name}")["Version"]
    found = _ask(environment, f"job/{name}/allocations")
    own = [allocation for allocation in found if allocation["JobVersion"] == version]
    return sorted(own, key=_created)


def _await_end(environment: str, name: str) -> tuple[dict[str, Any], str]:
    """The allocation of a batch job, once it is over, and how it ended: complete, or in words."""
    deadline = time.monotonic() + MIGRATION_SECONDS
    allocation: dict[str, Any] = {}
    while time.monotonic() < deadline:
        for allocation in _allocations(environment, name):
            if allocation["ClientStatus"] in ("failed", "lost"):
                return allocation, "failed"
            if allocation["ClientStatus"] == "complete":
                return allocation, "complete"
        time.sleep(_POLL_SECONDS)
    return allocation, f"did not end within {MIGRATION_SECONDS} s"


def _stuck(environment: str, digest: str, reason: str) -> ShipshapeError:
    """The failure of a roll-out, with what its newest instance says, or why there is none."""
    failure = f"{digest} did not become healthy in {environment}: {reason}"
    try:
        found = _ask(environment, f"job/{service_name()}/allocations")
        unplaced = _unplaced(environment)
    except ShipshapeError as error:  # what is to be told is the failure, not this
        return ShipshapeError(f"{failure}\n  the instances could not be asked: {error}")
    bad = [
        allocation
        for allocation in found
        if allocation["ClientStatus"] == "failed"
        or (allocation.get("DeploymentStatus") or {}).get("Healthy") is False
    ]
    newest: dict[str, Any] = max(bad, key=_created, default={})
    said = [*unplaced, _events(newest), _log(environment, newest)]
    return ShipshapeError("\n".join([failure, *filter(None, said)]))


def _unplaced(environment: str) -> list[str]:
    """Why instances got no node, a line for each group, as the last submission was evaluated."""
    evaluations = _ask(environment, f"job/{service_name()}/evaluations")
    submitted = [each for each in evaluations if each["TriggeredBy"] == "job-register"]
    newest: dict[str, Any] = max(submitted, key=_created, default={})
    lines = []
    for group, why in (newest.get("FailedTGAllocs") or {}).items():
        lacking = (why.get("DimensionExhausted") or {}) | (why.get("ConstraintFiltered") or {})
        nodes = ", ".join(f"{what} on {count}" for what, count in lacking.items())
        lines.append(f"  {group}: no node can take it: {nodes or 'there is none'}")
    return lines


def _created(thing: dict[str, Any]) -> int:
    """When Nomad made an allocation or an evaluation, as a number to compare."""
    return int(thing["CreateIndex"])


def _events(allocation: dict[str, Any]) -> str:
    """What happened to an instance, a line each."""
    tasks = (allocation.get("TaskStates") or {}).values()
    events = [event["DisplayMessage"] for task in tasks for event in task["Events"]]
    name = allocation.get("Name")
    return "\n".join(f"  {name}: {event}" for event in events[-6:]) or "  no instance says why"


def _log(environment: str, allocation: dict[str, Any]) -> str:
    """The end of what an instance wrote; nothing where it has not started."""
    said = []
    for stream in ((), ("-stderr",)):
        arguments = ("-namespace", _namespace(environment), "-tail", "-n", "30", *stream)
        try:
            said.append(run("nomad", "alloc", "logs", *arguments, allocation["ID"]).rstrip())
        except (ShipshapeError, KeyError):
            continue
    return "\n".join(filter(None, said))
