"""Values that fit a JSON schema, for requests of checks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

Schema = Mapping[str, Any]

_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "uri-reference": "/",
}
_DEEPEST = 12


def resolved(document: Schema, reference: Schema) -> Schema:
    """The part of the document that a `$ref` names."""
    part = reference
    while "$ref" in part:
        target: Any = document
        for step in str(part["$ref"]).removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        part = target
    return part


def example(document: Schema, schema: Schema, depth: int = 0) -> Any:
    """The example that the schema gives, else a value that should fit it."""
    schema = resolved(document, schema)
    if depth > _DEEPEST:
        return None
    if "example" in schema:
        return schema["example"]
    for word in ("examples", "enum"):
        if isinstance(schema.get(word), list) and schema[word]:
            return schema[word][0]
    for word in ("default", "const"):
        if word in schema:
            return schema[word]
    if parts := schema.get("allOf"):
        return _all_of(document, schema, parts, depth)
    for word in ("oneOf", "anyOf"):
        if choices := schema.get(word):
            return example(document, choices[0], depth + 1)
    return _by_type(document, schema, depth)


def different(document: Schema, schema: Schema, number: int) -> Any:
    """A value that should fit the schema, another one for each number."""
    schema = resolved(document, schema)
    kinds = schema.get("type", "string")
    if schema.get("format") == "uuid":
        return str(UUID(int=number, version=4))
    if "integer" in kinds or "number" in kinds:
        return int(schema.get("minimum", 1)) + number
    return f"{example(document, schema)}{number}"


def _all_of(document: Schema, schema: Schema, parts: list[Schema], depth: int) -> Any:
    merged: dict[str, Any] = {name: it for name, it in schema.items() if name != "allOf"}
    for part in (resolved(document, each) for each in parts):
        merged["properties"] = {**merged.get("properties", {}), **part.get("properties", {})}
        merged["required"] = [*merged.get("required", ()), *part.get("required", ())]
        merged = {**part, **merged}
    return example(document, merged, depth + 1)


def _by_type(document: Schema, schema: Schema, depth: int) -> Any:
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    match kinds[0] if isinstance(kinds, list) else kinds:
        case "object":
            needed = schema.get("required", ())
            properties = schema.get("properties", {})
            return {it: example(document, properties.get(it, {}), depth + 1) for it in needed}
        case "array":
            items = schema.get("items", {})
            return [example(document, items, depth + 1) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(schema)


def _number(schema: Schema) -> int | float:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    step = schema.get("multipleOf", 1)
    number = -(-lowest // step) * step
    lowered: int | float = min(number, schema.get("maximum", number))
    return lowered


def _text(schema: Schema) -> str:
    form = schema.get("format")
    if form == "uuid":
        return str(UUID(int=1, version=4))
    text = _FORMATS.get(str(form), "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 1000)]
