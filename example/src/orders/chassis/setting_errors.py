"""Explain invalid settings: one line for each bad variable, without any secret."""

import json
import os
import re
from collections.abc import Iterator
from itertools import combinations
from textwrap import shorten
from typing import Any, NamedTuple, get_args

from pydantic import AliasChoices, AliasPath, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import BaseSettings, NoDecode, SettingsError

from .redaction import HIDDEN, is_secret

SHOWABLE = "showable"
"""The type of a `pydantic_core.PydanticCustomError` whose message has no part of a secret."""

_Location = tuple[int | str, ...]


class _Variable(NamedTuple):
    name: str  # as it is set, or as it would be
    value: str | None
    field: FieldInfo
    secret: bool


def variables(settings: type[BaseSettings], name: str) -> list[str]:
    """The environment variables that set a field, the preferred one first."""
    config, heads = settings.model_config, _alias_heads(settings.model_fields[name])
    prefix, target = config.get("env_prefix", ""), config.get("env_prefix_target", "variable")
    names = [f"{prefix if target != 'variable' else ''}{head}" for head in heads]
    if not names or config.get("populate_by_name") or config.get("validate_by_name"):
        names.append(f"{prefix if target != 'alias' else ''}{name}")
    return names if config.get("case_sensitive") else [name.upper() for name in names]


def as_variable(value: object, field: FieldInfo) -> str:
    """The value as an environment variable: JSON, or comma-separated if it is not decoded."""
    plain = to_jsonable_python(value, fallback=str)
    if isinstance(plain, list) and NoDecode in field.metadata:
        return ",".join(map(str, plain))
    return plain if isinstance(plain, str) else "" if plain is None else json.dumps(plain)


def explanations(settings: type[BaseSettings], error: Exception) -> list[str]:
    """One line for each bad variable: its name, the problem, the remedy, and never a secret."""
    fields = settings.model_fields
    names = {head: name for name in fields for head in (name, *_alias_heads(fields[name]))}
    known = [_variable(settings, name, ()) for name in fields]
    secrets = [variable.value for variable in known if variable.value and variable.secret]
    lines: dict[tuple[str, str], str] = {}
    for location, message, kind in _faults(settings, error):
        for secret in sorted(secrets, key=len, reverse=True):
            message = message.replace(secret, HIDDEN)
        message = shorten(message, 500, placeholder=" …")
        name = names.get(str(location[0])) if location else None
        if not name:  # a check of several settings, which names them itself
            lines["", message] = f"settings: {message}"
            continue
        position = location[1:]
        variable = _variable(settings, name, position)
        value = variable.value or ""
        if variable.value is None and kind == "missing":
            problem = " is not set"
        elif variable.value is None and any(name == explained for explained, _ in lines):
            continue  # another member of a union
        elif variable.secret:
            problem = " cannot be used" + (f": {message}" if kind == SHOWABLE else "")
        else:
            shown = value if len(value) <= 80 else f"{value[:79]}…"
            inner = [part for part in position if isinstance(part, int) or f'"{part}"' in value]
            problem = f"={shown!r}" if variable.value is not None else ""
            problem += f" cannot be used: {': '.join(map(str, [*inner, message]))}"
        lines.setdefault((name, variable.name), variable.name + problem + _remedy(variable))
    return list(lines.values())


def _remedy(variable: _Variable) -> str:
    field, example = variable.field, ""
    if field.examples:
        example = as_variable(field.examples[0], field)
    elif not (field.is_required() or field.default_factory or variable.secret):
        example = as_variable(field.default, field)
    right = f". It must be: {field.description}" if field.description else ""
    if example in ("", "[]", "{}"):
        return right
    return f"{right}, for example {example}" if right else f". For example: {example}"


def _faults(settings: type[BaseSettings], error: Exception) -> Iterator[tuple[_Location, str, str]]:
    """Where each fault is, what is wrong, and pydantic's type of it; the innermost first."""
    if isinstance(error, ValidationError):
        for fault in sorted(error.errors(), key=lambda fault: -len(fault["loc"])):
            location, kind = fault["loc"], fault["type"]
            message = f"{location[-1]} is missing" if kind == "missing" else fault["msg"]
            yield location, re.sub("^(Value error|Assertion failed), ", "", message), kind
    elif isinstance(error, SettingsError) and (found := re.search(r'field "(\w+)"', str(error))):
        heads = tuple(head.upper() for head in variables(settings, found[1]))
        path = [
            part
            for name, value in os.environ.items()
            if value == getattr(error.__cause__, "doc", None) and name.upper().startswith(heads)
            for part in name.split(settings.model_config.get("env_nested_delimiter"))
        ]
        yield (found[1], *path), f"it is not JSON ({error.__cause__})", ""
    else:
        yield (), f"{type(error).__name__}: {error}", ""


def _variable(settings: type[BaseSettings], name: str, location: _Location) -> _Variable:
    """The variable that sets what is at a location in a field, or that is missing."""
    config, field = settings.model_config, settings.model_fields[name]
    fold = str if config.get("case_sensitive") else str.upper
    ignored = "" if config.get("env_ignore_empty") else None
    environment = {fold(key): (key, text) for key, text in os.environ.items() if text != ignored}
    delimiter = config.get("env_nested_delimiter") or ""
    paths = {  # the longest first; a location may also have names of union members
        fold(delimiter.join(map(str, (head, *path)))): path
        for size in range(len(location[:8]) if delimiter else 0, -1, -1)
        for path in combinations(location[:8], size)
        for head in variables(settings, name)
    }
    wanted = next((wanted for wanted in paths if wanted in environment), next(iter(paths)))
    found, value = environment.get(wanted, (wanted, None))
    for part in paths[wanted]:
        for model in (field.annotation, *get_args(field.annotation)):
            field = getattr(model, "model_fields", {}).get(str(part).lower(), field)
    text = value or ""
    secret = any(map(is_secret, (name, found, text))) or "@" in text  # an address with a user
    return _Variable(found, value, field, secret or _may_hold_secret(field.annotation))


def _alias_heads(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
    return [str(each.path[0]) if isinstance(each, AliasPath) else each for each in choices]


def _may_hold_secret(annotation: Any) -> bool:
    try:
        schema = str(TypeAdapter(annotation).core_schema)
    except Exception:  # a type without a schema may hold anything
        return True
    return "Secret" in schema or any(map(is_secret, re.findall(r"'(\w+)': {", schema)))
