"""What OpenTelemetry's semantic conventions for HTTP say of a request: its route and attributes.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
"""

import re
from collections.abc import Mapping

from .asgi import Scope

_PORT = re.compile(r"(?<=[^:]):\d*$")


def route_of(scope: Scope, root_path: str) -> str:
    """The template of the route that handled a request, prefixes included; empty where none did.

    `root_path` is the one that the request came with. Frameworks leave the route in
    `scope["route"]`. FastAPI keeps what the prefix of a router makes of it beside that, and a
    mounted application has the part of the path that led to it in its own `root_path`.
    """
    route = scope.get("route")
    context = scope.get("fastapi", {}).get("effective_route_context")
    if context is not None and context.original_route is route:
        route = getattr(context, "starlette_route", None) or context
    template: str = getattr(route, "path", "")
    mounted = scope["root_path"].removeprefix(root_path)
    if not mounted or hasattr(route, "routes"):  # the mount itself, where no route inside fits
        return template
    return _mount_template(mounted, template, scope.get("path_params", {})) + template


def _mount_template(mounted: str, template: str, parameters: Mapping[str, object]) -> str:
    """The template of a mount, found in its path; `/{mount}` where a parameter cannot be seen."""
    segments = mounted.split("/")
    for name, value in parameters.items():
        if re.search(r"\{" + name + r"[}:]", template):
            continue  # a parameter of the route inside
        if str(value) not in segments:
            return "/{mount}"
        segments[segments.index(str(value))] = "{" + name + "}"
    return "/".join(segments)


def server_attributes(
    scope: Scope, method: str, headers: Mapping[bytes, bytes], route: str, status: int
) -> dict[str, str | int]:
    """The attributes of a server's span; the query is left out, for it may hold secrets."""
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "http.response.status_code": status,
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
    }
    if route:
        attributes["http.route"] = route
    if scope["client"]:
        attributes["client.address"] = scope["client"][0]
    if agent := headers.get(b"user-agent"):
        attributes["user_agent.original"] = agent.decode("latin-1")
    if host := headers.get(b"host"):
        attributes["server.address"] = _PORT.sub("", host.decode("latin-1"))
    return attributes
