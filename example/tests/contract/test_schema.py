"""Each handler holds to its operation in schema/openapi.yaml.

What FastAPI reads off the handlers is compared with the schema that people agreed on: parameters,
body and responses. Where they differ, the failure names the handler and the difference.
"""

import asyncio
import inspect
import re
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
import yaml
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from orders.app import application
from orders.chassis import read_settings
from orders.settings import Settings

from ..service import development_settings

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "schema/openapi.yaml").read_text(encoding="utf-8"))

# Words that explain; two schemas that differ only in these agree.
EXPLANATIONS = {"default", "description", "example", "examples", "title"}


def operations(document: dict[str, Any]) -> list[str]:
    """Every operation as `METHOD path`."""
    return [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    ]


@pytest.fixture(scope="module")
def api(storage_settings: dict[str, str]) -> FastAPI:
    """The service's own application, of which nothing is asked but its handlers."""

    async def opened() -> FastAPI:
        async with application(read_settings(Settings)) as served:
            return cast("FastAPI", served.app)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (development_settings() | storage_settings).items():
            patch.setenv(name, value)
        return asyncio.run(opened())


@pytest.fixture(scope="module")
def handlers(api: FastAPI) -> dict[str, Any]:
    """The schema that the handlers amount to."""
    return get_openapi(title="", version="", routes=api.routes)


@pytest.mark.parametrize("name", operations(SCHEMA))
def test_handler_fits_its_operation(api: FastAPI, handlers: dict[str, Any], name: str) -> None:
    assert name in operations(handlers), f"{name} of the schema has no handler"
    agreed, handled = facts(SCHEMA, name), facts(handlers, name)

    differences = [
        f"  {fact}: the schema says {agreed.get(fact)}, the handler {handled.get(fact)}"
        for fact in sorted(agreed | handled)
        if agreed.get(fact) != handled.get(fact)
    ]

    assert not differences, "\n".join([f"{place(api, name)} does not fit {name}:", *differences])


def test_every_handler_is_in_the_schema(api: FastAPI, handlers: dict[str, Any]) -> None:
    missing = set(operations(handlers)) - set(operations(SCHEMA))

    assert not missing, "\n".join(
        f"{place(api, name)} handles {name}, which is not in the schema" for name in sorted(missing)
    )


def test_a_handler_below_prefixes_is_named() -> None:
    def handler() -> None: ...

    inner, outer = APIRouter(prefix="/{tenant}"), FastAPI()
    inner.get("/things")(handler)
    outer.include_router(inner, prefix="/v1")

    assert place(outer, "GET /v1/{tenant}/things").startswith("handler (tests/contract/")


def test_schema_is_served_as_it_is_committed(client: httpx2.Client) -> None:
    assert client.get("/openapi.json").json() == SCHEMA


async def test_docs_work_behind_a_proxy_that_strips_a_prefix(api: FastAPI) -> None:
    transport = httpx2.ASGITransport(api, root_path="/prefix")
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
        page = await client.get("/prefix/docs")
        [schema] = re.findall("url: '(.*?)'", page.text)
        addresses = [schema, *re.findall('(?:href|src)="(.*?)"', page.text)]
        assert len(addresses) >= 3
        for address in addresses:
            assert (await client.get(address)).status_code == 200
            assert address.startswith("/prefix/")
        served = (await client.get(schema)).json()
        assert served == SCHEMA | {"servers": [{"url": "/prefix"}, *SCHEMA.get("servers", [])]}

        # Not relative: the caller may have asked for the prefix without its slash.
        assert (await client.get("/prefix/")).headers["location"] == "/prefix/docs"


def facts(document: dict[str, Any], name: str) -> dict[str, Any]:
    """What an operation promises, as comparable values, each under a name for people."""
    method, path = name.split(" ", 1)
    item = document["paths"][path]
    operation = item[method.lower()]
    result = {"operationId": operation.get("operationId")}
    for reference in [*item.get("parameters", []), *operation.get("parameters", [])]:
        parameter = resolved(document, reference)
        required = parameter.get("required", False)
        # Header names know no case; FastAPI writes them in small letters.
        fact = f"{parameter['in']} parameter {parameter['name'].lower()}"
        result[fact] = required, bare(parameter["schema"], optional=not required)
    if "requestBody" in operation:
        body = resolved(document, operation["requestBody"])
        result["body"] = body.get("required", False), schemas(body)
    for status, reference in operation["responses"].items():
        result[f"response {status}"] = schemas(resolved(document, reference))
    return result


def resolved(document: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """The part of the document that a `$ref` stands for."""
    part = reference
    while "$ref" in part:
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def schemas(holder: dict[str, Any]) -> list[Any]:
    """The schemas of a body. Its media types are left to the tests of the running service."""
    return [bare(content["schema"]) for content in holder.get("content", {}).values()]


def bare(schema: Any, *, optional: bool = False) -> Any:
    """The schema without its explanations; models stay references, for they are generated."""
    if isinstance(schema, list):
        return [bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if optional and "anyOf" in schema:  # `str | None = None` of a parameter that may be left out
        [schema] = [part for part in schema["anyOf"] if part != {"type": "null"}]
    return {word: bare(value) for word, value in schema.items() if word not in EXPLANATIONS}


def place(api: FastAPI, name: str) -> str:
    """Where the handler of an operation stands."""
    method, path = name.split(" ", 1)
    for route in iter_route_contexts(api.routes):  # each with its routers' prefixes
        if route.endpoint and route.path == path and method in (route.methods or ()):
            file = inspect.getsourcefile(route.endpoint) or ""
            line = inspect.getsourcelines(route.endpoint)[1]
            return f"{route.endpoint.__name__} ({Path(file).relative_to(ROOT)}:{line})"
    raise LookupError(name)
