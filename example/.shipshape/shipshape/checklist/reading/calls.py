"""The calls in the code that leave the process: HTTP requests and connections to databases."""

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from ...errors import ShipshapeError

_VERBS = ("delete", "get", "head", "options", "patch", "post", "put", "request")
_CLIENTS = {
    "httpx": (*_VERBS, "stream", "AsyncClient", "Client"),
    "httpx2": (*_VERBS, "stream", "AsyncClient", "Client"),
    "requests": _VERBS,
    "aiohttp": ("ClientSession", "request"),
    "urllib.request": ("urlopen",),
    "http.client": ("HTTPConnection", "HTTPSConnection"),
    "urllib3": ("PoolManager", "request"),
}
HTTP = {f"{module}.{name}" for module, names in _CLIENTS.items() for name in names}
"""What sends a request, or makes a client that does; all take a `timeout`."""
WITHOUT_LIMIT = {"requests.Session", "requests.session"}
"""Clients that take no `timeout`: each of their requests would need one."""
DATABASES = {
    "asyncpg.connect",
    "asyncpg.create_pool",
    "psycopg.AsyncConnection.connect",
    "psycopg.connect",
    "psycopg2.connect",
    "sqlalchemy.create_engine",
    "sqlalchemy.ext.asyncio.create_async_engine",
}
LIMITS_OF_CONNECTING = {"connect_timeout", "timeout"}
LIMITS_OF_STATEMENTS = {"command_timeout", "statement_timeout"}


@dataclass(frozen=True)
class Call:
    """A call of a library."""

    function: str
    """Its full name, such as httpx2.get."""
    place: str
    timeout: str | None
    """The expression, None without one."""

    @property
    def is_limited(self) -> bool:
        return self.timeout not in (None, "None")


@dataclass(frozen=True)
class Module:
    """A module of the service."""

    path: Path
    tree: ast.Module

    def calls(self) -> Iterator[Call]:
        """The calls of imported names."""
        imported = dict(self._imported())
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (name := _full_name(node.func, imported)):
                yield Call(name, f"{self.path}:{node.lineno}", _timeout(name, node))

    def names(self) -> set[str]:
        """All keywords of calls, and all strings."""
        return {
            str(node.arg) if isinstance(node, ast.keyword) else str(node.value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.keyword | ast.Constant)
        }

    def _imported(self) -> Iterator[tuple[str, str]]:
        """The names that imports bind here, and what they are."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for it in node.names:
                    bound = it.asname or it.name.partition(".")[0]
                    yield bound, it.name if it.asname else bound
            elif isinstance(node, ast.ImportFrom):
                module = f"{'.' * node.level}{node.module or ''}"
                for it in node.names:
                    yield it.asname or it.name, f"{module}.{it.name}"


def modules() -> list[Module]:
    """The modules below src/, or of the packages in the root where there is none."""
    folder = Path("src")
    if folder.is_dir():
        paths = sorted(folder.rglob("*.py"))
    else:
        packages = (it.parent for it in Path().glob("*/__init__.py"))
        paths = sorted(path for it in packages if it.name != "tests" for path in it.rglob("*.py"))
    return [Module(path, _parsed(path)) for path in paths]


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"))
    except (SyntaxError, ValueError) as error:
        raise ShipshapeError(f"{path} cannot be read: {error}") from None


def _full_name(function: ast.expr, imported: dict[str, str]) -> str:
    """The name of what is called, empty if it was not imported."""
    if isinstance(function, ast.Name):
        return imported.get(function.id, "")
    if isinstance(function, ast.Attribute):
        owner = _full_name(function.value, imported)
        return f"{owner}.{function.attr}" if owner else ""
    return ""


def _timeout(name: str, call: ast.Call) -> str | None:
    for keyword in call.keywords:
        if keyword.arg == "timeout":
            return ast.unparse(keyword.value)
    if name == "urllib.request.urlopen" and len(call.args) > 2:
        return ast.unparse(call.args[2])
    return None


def http_clients() -> list[str]:
    """The places where the code sends HTTP requests, such as src/orders/app.py:12."""
    return [it.place for module in modules() for it in module.calls() if sends_http(it)]


def leaves(call: Call) -> bool:
    """Whether the call leaves the process, or makes what does."""
    return call.function in DATABASES or sends_http(call)


def sends_http(call: Call) -> bool:
    """Whether the call sends an HTTP request, or makes a client that does."""
    return call.function in HTTP | WITHOUT_LIMIT or _is_of_chassis(call)


def fault(call: Call, names: Set[str]) -> str:
    """Why the call may wait for ever, in a module with these names; empty if it does not."""
    if call.function in WITHOUT_LIMIT:
        return "has no time limit of its own: use http_client() of the chassis"
    if call.function in HTTP and not call.is_limited:
        return "has no timeout: give it one, or use http_client() of the chassis"
    if _is_of_chassis(call) and call.timeout == "None":
        return "waits for ever: give it a number of seconds"
    if call.function in DATABASES and not names & LIMITS_OF_CONNECTING:
        return f"may connect for ever: set {' or '.join(sorted(LIMITS_OF_CONNECTING))}"
    if call.function in DATABASES and not names & LIMITS_OF_STATEMENTS:
        return f"may run a statement for ever: set {' or '.join(sorted(LIMITS_OF_STATEMENTS))}"
    return ""


def _is_of_chassis(call: Call) -> bool:
    return call.function.endswith(".http_client")
