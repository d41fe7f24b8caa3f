"""The workloads in manifests of Kubernetes, with what kustomizations change of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..check import Evidence
from .exposure import management
from .manifests import ENDING, SERVING, Manifest, Manifests, selects
from .marked_yaml import place, within
from .workloads import Container, Platform, Scale, Workload


def platform(manifests: Manifests) -> Platform:
    """What the manifests say."""
    workloads = [_workload(it, manifests) for it in manifests.of(*SERVING, *ENDING)]
    return Platform(workloads, list(management(manifests)), has_network_policies=True)


def _workload(manifest: Manifest, manifests: Manifests) -> Workload:
    pod = within(manifest.pods, "spec")
    serving = pod.get("containers") or ()
    autoscaler = _autoscaler(manifest, manifests)
    return Workload(
        name=f"{manifest.kind} {manifest.name}",
        place=manifest.place,
        serves=manifest.kind in SERVING,
        containers=tuple(
            _container(manifest.path, pod, it, len(serving))
            for it in (*serving, *(pod.get("initContainers") or ()))
        ),
        grace_seconds=float(pod.get("terminationGracePeriodSeconds", 30)),
        stop_signal="SIGTERM",
        waits_before_stop=any(within(it, "lifecycle", "preStop") for it in serving),
        scales=tuple(_scales(manifest, autoscaler, manifests)),
        fixed_replicas=_fixed_replicas(manifest, autoscaler, manifests),
        spread=_spread(manifest.path, pod),
        disruption_budget=_disruption_budget(manifest, manifests),
        token=_token(manifest.path, pod, manifests),
        limited_traffic=frozenset(_limited_traffic(manifests.labels(manifest), manifests)),
    )


def _container(path: Path, pod: Any, container: Any, of: int) -> Container:
    resources = within(container, "resources")
    return Container(
        name=str(container.get("name")),
        place=place(path, container),
        serves=bool(container.get("ports")) or of == 1,
        liveness=_asked(container.get("livenessProbe")),
        readiness=_asked(container.get("readinessProbe")),
        requests_cpu=str(within(resources, "requests").get("cpu") or ""),
        requests_memory=str(within(resources, "requests").get("memory") or ""),
        memory_limit=str(within(resources, "limits").get("memory") or ""),
        weaknesses=tuple(_weaknesses(pod, container)),
    )


def _asked(probe: Any) -> str:
    """What a probe asks."""
    if not probe:
        return ""
    if request := probe.get("httpGet"):
        return f"GET {request.get('path', '/')} on {request.get('port')}"
    return ", ".join(f"{how} {dict(what)}" for how, what in probe.items() if isinstance(what, dict))


def _weaknesses(pod: Any, container: Any) -> Iterator[str]:
    """What the restricted Pod Security Standard and a read-only root refuse."""
    context = {**within(pod, "securityContext"), **within(container, "securityContext")}
    user = context.get("runAsUser")
    if user == 0 or (user is None and context.get("runAsNonRoot") is not True):
        yield "may run as root: set runAsNonRoot: true and a runAsUser"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "can write to its root: set readOnlyRootFilesystem: true"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "can gain privileges: set allowPrivilegeEscalation: false"
    if context.get("privileged"):
        yield "is privileged: delete privileged"
    capabilities = within(context, "capabilities")
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "keeps capabilities: set capabilities: {drop: [ALL]}"
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares namespaces of its node: delete hostNetwork, hostPID and hostIPC"


def _autoscaler(workload: Manifest, manifests: Manifests) -> Manifest | None:
    for found in manifests.of("HorizontalPodAutoscaler"):
        target = within(found.content, "spec", "scaleTargetRef")
        if (target.get("kind"), target.get("name")) == (workload.kind, workload.name):
            return found
    return None


def _scales(
    workload: Manifest, autoscaler: Manifest | None, manifests: Manifests
) -> Iterator[Scale]:
    """The scale of the base, then that of each overlay that changes it."""
    if workload.kind not in ("Deployment", "StatefulSet"):
        return
    if autoscaler is None:
        replicas = within(workload.content, "spec").get("replicas", 1)
        yield Scale(workload.place, replicas, None)
        for patch, number in manifests.patched(workload.kind, "replicas").items():
            yield Scale(patch, number, None)
        return
    spec = within(autoscaler.content, "spec")
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 1)
    yield Scale(autoscaler.place, least, most)
    lowered = manifests.patched(autoscaler.kind, "minReplicas")
    raised = manifests.patched(autoscaler.kind, "maxReplicas")
    for file, first in sorted({_file(patch): patch for patch in (*raised, *lowered)}.items()):
        changed = [
            next((number for patch, number in patches.items() if _file(patch) == file), usual)
            for patches, usual in ((lowered, least), (raised, most))
        ]
        yield Scale(first, *changed)


def _file(place: str) -> str:
    return place.partition(":")[0]


def _fixed_replicas(workload: Manifest, autoscaler: Manifest | None, manifests: Manifests) -> str:
    if autoscaler is None:
        return ""
    spec = within(workload.content, "spec")
    if "replicas" in spec:
        return place(workload.path, spec)
    for kustomization in manifests.kustomizations:
        for entry in kustomization.content.get("replicas") or ():
            if entry.get("name") == workload.name:
                return place(kustomization.path, entry)
    return next(iter(manifests.patched(workload.kind, "replicas")), "")


def _spread(path: Path, pod: Any) -> Evidence | None:
    if constraints := pod.get("topologySpreadConstraints"):
        keys = ", ".join(str(it.get("topologyKey")) for it in constraints)
        return Evidence(f"topologySpreadConstraints over {keys}", place(path, constraints))
    if affinity := within(pod, "affinity", "podAntiAffinity"):
        return Evidence("podAntiAffinity", place(path, affinity))
    return None


def _disruption_budget(workload: Manifest, manifests: Manifests) -> Evidence | None:
    labels = manifests.labels(workload)
    for budget in manifests.of("PodDisruptionBudget"):
        spec = within(budget.content, "spec")
        limits = [name for name in ("maxUnavailable", "minAvailable") if name in spec]
        if limits and selects(spec.get("selector"), labels):
            return Evidence(f"{limits[0]}: {spec[limits[0]]}", budget.place)
    return None


def _token(path: Path, pod: Any, manifests: Manifests) -> str:
    """A pod decides for itself, else its account does, else it is mounted."""
    accounts = [
        it for it in manifests.of("ServiceAccount") if it.name == pod.get("serviceAccountName")
    ]
    for where, node in ((path, pod), *((it.path, it.content) for it in accounts)):
        if (mounted := node.get("automountServiceAccountToken")) is not None:
            return place(where, node) if mounted else ""
    return place(path, pod)


def _limited_traffic(labels: dict[str, str], manifests: Manifests) -> Iterator[str]:
    for policy in manifests.of("NetworkPolicy"):
        spec = within(policy.content, "spec")
        if selects(spec.get("podSelector"), labels):
            implied = ["Ingress", *(["Egress"] if "egress" in spec else [])]
            yield from (str(it).lower() for it in spec.get("policyTypes") or implied)
