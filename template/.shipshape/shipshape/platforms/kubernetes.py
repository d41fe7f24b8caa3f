"""Kubernetes, by kubectl: what runs in an environment, and how a digest gets to run there.

The credentials are kubectl's own: those of KUBECONFIG.
"""

import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from ..errors import ShipshapeError
from ..programs import run
from ..service import image
from ..service import name as service_name
from .platform import MIGRATION_SECONDS, require_digest, require_environment, running_digest

_POLL_SECONDS = 2.0
_NAMESPACE = re.compile(r"^namespace: *(\S+)$", re.MULTILINE)
_DEPLOY = Path("deploy")
_MIGRATION = _DEPLOY / "migration"

# Fields that only the cluster sets, such as the number of pods, stay; what was edited by hand goes.
_APPLY = ("--server-side", "--force-conflicts", "--field-manager", "delivery", "--filename", "-")


class Kubernetes:
    """The cluster, as `platforms.Platform` says."""

    def current(self, environment: str) -> str | None:
        """The digest that the Deployment has; None where there is no Deployment."""
        answer = 'jsonpath={.spec.template.spec.containers[?(@.name=="service")].image}'
        asked = ("get", "deployment", service_name(), "--ignore-not-found", "--output", answer)
        running = _kubectl(environment, *asked).strip()
        if not running:
            return None
        return running_digest(environment, running)

    def render(self, environment: str, digest: str, version: str | None) -> str:
        """What would be applied: the manifests of the environment, with this image."""
        overlay = _overlay(environment, digest)
        if version:
            setting = f"SERVICE_VERSION={version}"
            merged = {"name": service_name(), "behavior": "merge", "literals": [setting]}
            overlay["configMapGenerator"] = [merged]
        return _kustomize(_DEPLOY / environment, overlay)

    def diff(self, environment: str, digest: str, version: str | None) -> str:
        """What applying it would change; empty where nothing."""
        manifests = self.render(environment, digest, version)
        return _kubectl(environment, "diff", *_APPLY, manifests=manifests, accept=(0, 1))

    def migrate(self, environment: str, digest: str, version: str | None) -> None:
        """Run the Job of deploy/migration to its end, where there is one, and print its log."""
        if not _MIGRATION.is_dir():
            return
        manifests = _kustomize(_MIGRATION, _overlay(environment, digest))
        job = f"{service_name()}-migration"
        # A Job cannot be changed, so the one of the last deployment goes first.
        _delete(environment, job)
        _apply(environment, digest, manifests)
        outcome = _await_end(environment, job)
        if outcome == "Complete":
            print(_kubectl(environment, "logs", f"job/{job}"), end="")
            return
        said = _said_by_pods(environment, "migration")
        _delete(environment, job)
        raise ShipshapeError(
            f"the migrations of {digest} {outcome} in {environment}, and no pod was changed\n{said}"
        )

    def roll_out(self, environment: str, digest: str, version: str | None) -> None:
        """Apply the manifests, and wait until all pods are new and available."""
        _apply(environment, digest, self.render(environment, digest, version))
        try:
            _kubectl(environment, "rollout", "status", f"deployment/{service_name()}")
        except ShipshapeError as error:
            said = _said_by_pods(environment, "api")
            raise ShipshapeError(
                f"{digest} did not become available in {environment}: {error}\n{said}"
            ) from None


def _kubectl(
    environment: str, *arguments: str, manifests: str | None = None, accept: tuple[int, ...] = (0,)
) -> str:
    namespace = ("--namespace", _namespace(environment))
    return run("kubectl", *arguments, *namespace, input=manifests, accept=accept)


def _namespace(environment: str) -> str:
    """Where the environment is, as its kustomization says."""
    require_environment(environment, (it.parent.name for it in _DEPLOY.glob("*/service.env")))
    kustomization = _DEPLOY / environment / "kustomization.yaml"
    found = _NAMESPACE.search(kustomization.read_text(encoding="utf-8"))
    if found is None:
        raise ShipshapeError(f"{kustomization} has no line `namespace: …`")
    return found[1]


def _overlay(environment: str, digest: str) -> dict[str, Any]:
    """What a deployment adds to the manifests: the namespace and the image."""
    namespace = _namespace(environment)
    require_digest(digest)
    return {
        "namespace": namespace,
        "images": [{"name": "service", "newName": image(), "digest": digest}],
    }


def _kustomize(folder: Path, overlay: dict[str, Any]) -> str:
    """The manifests of a folder of deploy/ with an overlay, which is nowhere kept."""
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name).resolve()
        resource = os.path.relpath(folder.resolve(), temporary)  # kustomize takes no absolute path
        kustomization = json.dumps({"resources": [resource], **overlay})  # and JSON is YAML
        (temporary / "kustomization.yaml").write_text(kustomization, encoding="utf-8")
        return run("kubectl", "kustomize", str(temporary))


def _apply(environment: str, digest: str, manifests: str) -> None:
    if f"image: {image()}@{digest}" not in manifests:
        raise ShipshapeError("no container in deploy/ has the image that stands for the service's")
    _kubectl(environment, "apply", *_APPLY, manifests=manifests)


def _delete(environment: str, job: str) -> None:
    """Delete a Job, its pods first."""
    _kubectl(environment, "delete", "job", job, "--ignore-not-found", "--cascade=foreground")


def _await_end(environment: str, job: str) -> str:
    """How the Job ended: Complete, or what went wrong in words."""
    conditions = 'jsonpath={.status.conditions[?(@.status=="True")].type}'
    deadline = time.monotonic() + MIGRATION_SECONDS
    while time.monotonic() < deadline:
        ended = _kubectl(environment, "get", "job", job, "--output", conditions).split()
        if "Complete" in ended:
            return "Complete"
        if "Failed" in ended:
            return "failed"
        time.sleep(_POLL_SECONDS)
    return f"did not end within {MIGRATION_SECONDS} s"


def _said_by_pods(environment: str, component: str) -> str:
    """Why pods are not ready, a line for each reason, and the end of one's log."""
    selector = f"app.kubernetes.io/name={service_name()},app.kubernetes.io/component={component}"
    try:
        answer = _kubectl(environment, "get", "pods", "--selector", selector, "--output", "json")
    except ShipshapeError as error:  # what is to be told is the failure, not this
        return f"  the pods could not be asked: {error}"
    said = {pod["metadata"]["name"]: _reasons(pod) for pod in json.loads(answer)["items"]}
    unready = [name for name, reasons in said.items() if reasons]
    lines = [f"  {name}: {reason}" for name in unready for reason in said[name]]
    lines += [_log(environment, name) for name in unready[-1:]]
    return "\n".join(lines).rstrip() or "  no pod says why"


def _reasons(pod: dict[str, Any]) -> list[str]:
    """What keeps a pod from being ready, from what Kubernetes says of it."""
    reasons = [
        f"{condition['reason']}: {condition.get('message', '')}"
        for condition in pod["status"].get("conditions", [])
        if condition["type"] == "PodScheduled" and condition["status"] == "False"
    ]
    for container in pod["status"].get("containerStatuses", []):
        if container["ready"]:
            continue
        if "running" in container["state"]:
            reasons.append("it runs, and is not ready")
        for state in (container["state"], container.get("lastState", {})):
            if waiting := state.get("waiting"):
                reasons.append(f"{waiting['reason']}: {waiting.get('message', '')}")
            if ended := state.get("terminated"):
                reasons.append(f"{ended['reason']}: exit code {ended['exitCode']}")
    return reasons


def _log(environment: str, pod: str) -> str:
    """The end of a pod's log: of the process before this one, where it has started again."""
    for which in (("--previous",), ()):
        try:
            return _kubectl(environment, "logs", pod, *which, "--tail", "30")
        except ShipshapeError:
            continue
    return f"  {pod} has not started, so it has no log"
