"""The ports for operators, and what leads to them from outside of a cluster of Kubernetes."""

import re
from collections.abc import Iterator
from typing import Any

from ..check import Evidence
from .manifests import ROUTES, SERVING, Manifests, selects
from .marked_yaml import place, within
from .workloads import Exposure

_MANAGEMENT = re.compile(r"management|metrics|admin|actuator")


def management(manifests: Manifests) -> Iterator[Exposure]:
    """The ports of containers whose names say that they are for operators."""
    for workload in manifests.of(*SERVING):
        for container in within(workload.pods, "spec").get("containers") or ():
            for port in container.get("ports") or ():
                if _MANAGEMENT.search(str(port.get("name"))):
                    names = {port.get("name"), port.get("containerPort")}
                    public = tuple(_public(names, manifests.labels(workload), manifests))
                    yield Exposure(str(port["name"]), place(workload.path, port), public)


def _public(names: set[Any], labels: dict[str, str], manifests: Manifests) -> Iterator[Evidence]:
    for service in manifests.of("Service"):
        spec = within(service.content, "spec")
        if not all(labels.get(key) == value for key, value in within(spec, "selector").items()):
            continue
        ports = [
            it for it in spec.get("ports") or () if it.get("targetPort", it.get("port")) in names
        ]
        if spec.get("type") in ("LoadBalancer", "NodePort"):
            for port in ports:
                yield Evidence(f"a {spec['type']} publishes it", place(service.path, port))
        exposed = {it.get(key) for it in ports for key in ("name", "port")} - {None}
        for route in manifests.of(*ROUTES):
            if _routes(route.content, service.name, exposed):
                yield Evidence(f"{route.kind} {route.name} routes to it", route.place)
    for policy in manifests.of("NetworkPolicy"):
        spec = within(policy.content, "spec")
        if selects(spec.get("podSelector"), labels):
            for rule in spec.get("ingress") or ():
                if _open_to_all(rule, names):
                    where = place(policy.path, rule)
                    yield Evidence("the network policy lets anyone reach it", where)


def _routes(node: Any, service: str, ports: set[Any]) -> bool:
    """Whether a backend somewhere in a route is one of these ports of the service."""
    if isinstance(node, list):
        return any(_routes(it, service, ports) for it in node)
    if not isinstance(node, dict):
        return False
    host = str(node.get("name") or node.get("host") or "").partition(".")[0]
    port = node.get("port")
    if isinstance(port, dict):
        port = port.get("name") or port.get("number")
    return (host == service and port in ports) or any(
        _routes(it, service, ports) for it in node.values()
    )


def _open_to_all(rule: Any, names: set[Any]) -> bool:
    ports = rule.get("ports")
    if ports and not any(it.get("port") in names for it in ports):
        return False
    callers = rule.get("from")
    return not callers or any("ipBlock" in it for it in callers)
