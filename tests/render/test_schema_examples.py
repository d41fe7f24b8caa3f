"""The docs page fills in a request that can be sent: each field and parameter has an example."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

METHODS = {"get", "put", "post", "patch", "delete"}


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    while "$ref" in part:
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def fields(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Each parameter and each field of a body: its name, its schema and its examples.

    Swagger UI fills in a parameter's own example, or the default or its schema, and a field's
    examples.
    """
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            operation = item[method]
            for given in [*item.get("parameters", ()), *operation.get("parameters", ())]:
                parameter = resolved(document, given)
                schema = resolved(document, parameter["schema"])
                examples = [
                    it[key]
                    for it, key in ((parameter, "example"), (schema, "default"))
                    if key in it
                ]
                yield f"{method} {path} {parameter['name']}", schema, examples
            body = resolved(document, operation.get("requestBody", {})).get("content", {})
            for media in body.values():
                properties = resolved(document, media["schema"])["properties"]
                for name, given in properties.items():
                    schema = resolved(document, given)
                    yield f"{method} {path} body.{name}", schema, schema.get("examples", [])


LEFT_OUT = {"get /items cursor"}
"""Empty on purpose: the request for the first page has none."""


def faults(document: dict[str, Any]) -> list[str]:
    """What has no example, or one that is not valid."""
    found = []
    for name, schema, examples in fields(document):
        if not examples and name not in LEFT_OUT:
            found.append(f"{name} has no example")
        validator = Draft202012Validator(schema)
        found += [f"{name}: {it!r} is not valid" for it in examples if not validator.is_valid(it)]
    return found


@pytest.fixture
def schema(service: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((service / "schema/openapi.yaml").read_text("utf-8"))
    return document


def test_each_request_has_examples(schema: dict[str, Any]) -> None:
    assert {name for name, _, _ in fields(schema)} > LEFT_OUT
    assert faults(schema) == []


def test_a_fault_is_found(schema: dict[str, Any]) -> None:
    draft = schema["components"]["schemas"]["ItemDraft"]["properties"]
    for name, value in (("name", []), ("name", [""]), ("quantity", [-1]), ("description", [7])):
        faulty = deepcopy(schema)
        faulty["components"]["schemas"]["ItemDraft"]["properties"][name]["examples"] = value
        assert faults(faulty), (name, value)
    assert draft["name"]["examples"]
    parameter = deepcopy(schema)
    del parameter["paths"]["/items/{item_id}"]["parameters"][0]["example"]
    assert faults(parameter)
