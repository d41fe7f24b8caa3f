"""Explain settings that cannot be used: one line for each variable, and no secret in any."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, is_dataclass
from difflib import SequenceMatcher
from functools import partial
from string import ascii_lowercase, ascii_uppercase
from typing import Any, get_args, get_origin, is_typeddict

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    Secret,
    SecretBytes,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource

from .redaction import HIDDEN, hide_passwords, is_secret

_LONGEST_VALUE = 80
_LONGEST_MESSAGE = 500
_SHORTEST_PART = 4
"""Characters in a row that a message and a secret must share to count as a part of it."""

_NAME_OF_A_VALUE = re.compile(r"(?<![\w.-])([\w.-]+)[\"']?\s*[=:]")
_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)  # keeps the length of every text


@dataclass(frozen=True)
class _Variable:
    """An environment variable of a field, or of one nested in it."""

    name: str
    field_name: str
    field: FieldInfo  # the nested one
    path: tuple[str, ...] = ()
    value: str | None = None  # None if it is not set

    @property
    def hidden(self) -> bool:
        """Whether the value is, holds or may hold a secret."""
        text = self.value or ""
        return (
            any(map(is_secret, (self.name, self.field_name, *_NAME_OF_A_VALUE.findall(text))))
            or "@" in text  # an address with a user
            or hide_passwords(text) != text
            or _holds_secret(self.field.annotation)
        )


@dataclass(frozen=True)
class _Fault:
    location: tuple[int | str, ...]
    message: str
    input: object = None
    missing: bool = False


def variables(settings: type[BaseSettings], name: str) -> list[str]:
    """The environment variables that set a field, the preferred one first."""
    config, alias = settings.model_config, settings.model_fields[name].validation_alias
    prefix, target = config.get("env_prefix", ""), config.get("env_prefix_target", "variable")
    names = [f"{prefix if target != 'variable' else ''}{head}" for head in _alias_heads(alias)]
    if not names or config.get("populate_by_name") or config.get("validate_by_name"):
        names.append(f"{prefix if target != 'alias' else ''}{name}")
    return names if config.get("case_sensitive") else [name.upper() for name in names]


def as_variable(value: object, field: FieldInfo) -> str:
    """A field's value as an environment variable has it: JSON, or commas if it is not decoded."""
    plain = to_jsonable_python(value, fallback=str)
    if plain is None:
        return ""
    if isinstance(plain, list) and NoDecode in field.metadata:
        return ",".join(map(str, plain))
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return plain if isinstance(plain, str) else json.dumps(plain)


def explanations(settings: type[BaseSettings], error: Exception) -> list[str]:
    """One line for each bad variable: its name, what is wrong, and what would be right.

    `error` is what `settings()` raised. Secrets are neither shown as values nor in messages.
    """
    present = list(_present(settings))
    secrets = [part for variable in present if variable.hidden for part in _texts(variable.value)]
    lines: dict[str, tuple[_Variable | None, list[str]]] = {}
    for fault in _faults(settings, present, error):
        variable, position = _located(settings, present, fault)
        inputs = [fault.input] if variable and variable.hidden else []
        if variable is None and isinstance(fault.input, dict):
            inputs = [value for name, value in fault.input.items() if _means_secret(settings, name)]
        message = _shortened(" ".join(fault.message.split()), _LONGEST_MESSAGE)
        message = f"{position}{_without([*secrets, *_texts(inputs)], message)}"
        if fault.missing and variable and variable.value is None:
            message = ""
        _, messages = lines.setdefault(variable.name if variable else "", (variable, []))
        if message not in messages:
            messages.append(message)
    known = {found.field_name for found, _ in lines.values() if found and found.value is not None}
    return [
        _line(variable, "; ".join(messages))
        for variable, messages in lines.values()
        # Of a union with nested variables, one error has no variable: that of the other member.
        if not variable
        or variable.value is not None
        or messages == [""]
        or variable.field_name not in known
    ]


def _line(variable: _Variable | None, fault: str) -> str:
    if variable is None:  # a check over several settings, which names them itself
        return f"settings: {fault}"
    value = ""
    if variable.value is not None and not variable.hidden:
        value = f"={_shortened(variable.value, _LONGEST_VALUE)!r}"
    problem = f"cannot be used: {fault}" if fault else "is not set"
    description, example = variable.field.description, _example(variable)
    right = f". It must be: {description}" if description else ""
    if example:
        right += f", for example {example}" if description else f". For example: {example}"
    return f"{variable.name}{value} {problem}{right}"


def _example(variable: _Variable) -> str:
    field = variable.field
    if field.examples:
        return as_variable(field.examples[0], field)
    if field.is_required() or field.default_factory or variable.hidden:
        return ""
    example = as_variable(field.default, field)
    return "" if example in ("[]", "{}") else example


def _faults(
    settings: type[BaseSettings], present: list[_Variable], error: Exception | None
) -> Iterator[_Fault]:
    """What is wrong with each setting.

    One that is not JSON, or whose check raises no ValueError, keeps pydantic from the others: such
    a setting is put aside, and the rest is tried again.
    """
    aside: dict[str, Exception] = {}
    original = error
    if not isinstance(error, ValidationError):
        error = _refusal(settings, aside)
    while error and not isinstance(error, ValidationError):
        for name in dict.fromkeys(variable.field_name for variable in present):
            if str(_refusal(settings, aside | {name: error})) != str(error):
                aside[name] = error
                break
        else:
            break
        error = _refusal(settings, aside)
    for name, failure in aside.items():
        text = getattr(failure, "doc", None)  # of what is not JSON
        own = [variable for variable in present if variable.field_name == name]
        path = next((variable.path for variable in own if variable.value == text), ())
        yield _Fault((name, *path), _reason(failure))
    if isinstance(error, ValidationError):
        for found in error.errors(include_url=False):
            if found["loc"] and _field_name(settings, found["loc"][0]) not in aside or not aside:
                missing = found["type"] == "missing"
                yield _Fault(found["loc"], _reason(found["msg"]), found["input"], missing)
    elif not aside and (error := error or original):
        yield _Fault((), _reason(error))


def _refusal(settings: type[BaseSettings], aside: dict[str, Exception]) -> Exception | None:
    """What refuses the settings without those put aside, to which undecodable ones are added."""

    class Tried(settings):  # type: ignore[misc, valid-type]
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], **given: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources = super().settings_customise_sources(settings_cls, **given)
            for source in sources:
                source.prepare_field_value = partial(prepared, source.prepare_field_value)
            return sources  # type: ignore[no-any-return]

    def prepared(prepare: Callable[..., Any], name: str, *arguments: Any) -> Any:
        try:
            return None if name in aside else prepare(name, *arguments)
        except Exception as error:
            aside[name] = error
            return None

    try:
        Tried()
    except Exception as error:
        return error
    return None


def _reason(error: Exception | str) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({error.msg} at character {error.pos + 1})"
    if isinstance(error, Exception):
        return f"{type(error).__name__}: {error}"
    return error.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _present(settings: type[BaseSettings]) -> Iterator[_Variable]:
    """The variables of all fields that are set, in the order in which they count."""
    config = settings.model_config
    delimiter, splits = config.get("env_nested_delimiter"), config.get("env_nested_max_split") or 0
    for name, field in settings.model_fields.items():
        for wanted in variables(settings, name):
            for found, value in os.environ.items():
                known = found if config.get("case_sensitive") else found.upper()
                if not value and config.get("env_ignore_empty"):
                    continue
                if known == wanted:
                    yield _Variable(found, name, field, value=value)
                elif delimiter and known.startswith(start := wanted + delimiter.upper()):
                    path = tuple(found[len(start) :].split(delimiter, splits - 1))
                    yield _Variable(found, name, _nested(field, path)[0], path, value)


def _located(
    settings: type[BaseSettings], present: list[_Variable], fault: _Fault
) -> tuple[_Variable | None, str]:
    """The variable that a fault is in, and where in its value."""
    name = _field_name(settings, fault.location[0]) if fault.location else None
    if name is None:
        return None, _prefix(fault.location)
    own = [variable for variable in present if variable.field_name == name]
    for variable in sorted(own, key=lambda variable: -len(variable.path)):
        rest = iter(fault.location[1:])  # each part of the path is searched after the one before
        if all(any(_same(part, wanted) for part in rest) for wanted in variable.path):
            inner = tuple(rest)
            fields = _nested(variable.field, inner)[1]
            quoted = "" if variable.hidden else variable.value or ""
            return variable, _prefix(
                part
                for part in inner  # which also has the names of a union's members
                if isinstance(part, int) or part in fields or f'"{part}"' in quoted
            )
    field, path = _nested(settings.model_fields[name], fault.location[1:])
    wanted = variables(settings, name)[0]
    if delimiter := settings.model_config.get("env_nested_delimiter"):
        nested = delimiter.join((wanted, *path))
        wanted = nested if settings.model_config.get("case_sensitive") else nested.upper()
    return _Variable(wanted, name, field, path), "" if delimiter else _prefix(path)


def _prefix(position: Iterable[int | str]) -> str:
    """Where in a value a fault is, before the fault."""
    return "".join(f"{part}: " for part in position)


def _field_name(settings: type[BaseSettings], key: int | str) -> str | None:
    """The field that pydantic means by its name or alias."""
    for name, field in settings.model_fields.items():
        if key == name or key in _alias_heads(field.validation_alias):
            return name
    return None


def _means_secret(settings: type[BaseSettings], key: str) -> bool:
    name = _field_name(settings, key) or key
    field = settings.model_fields.get(name, FieldInfo())
    return _Variable(key, name, field).hidden


def _alias_heads(alias: str | AliasPath | AliasChoices | None) -> list[str]:
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
    return [str(each.path[0]) if isinstance(each, AliasPath) else each for each in choices]


def _same(part: int | str, wanted: str) -> bool:
    return str(part).lower() == wanted.lower()


def _nested(field: FieldInfo, path: tuple[int | str, ...]) -> tuple[FieldInfo, tuple[str, ...]]:
    """The innermost field on a path through models, and the names of all such fields on it."""
    names = []
    for part in path:
        for name, inner in _inner_fields(field.annotation):
            if any(_same(part, known) for known in (name, *_alias_heads(inner.validation_alias))):
                field = inner
                names.append(str(part))
                break
    return field, tuple(names)


def _types(annotation: Any) -> Iterator[Any]:
    """All types that an annotation is made of."""
    yield annotation
    for inner in (getattr(annotation, "__value__", None), get_origin(annotation)):
        if inner is not None:
            yield from _types(inner)
    for inner in get_args(annotation):
        yield from _types(inner)


def _inner_fields(annotation: Any) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of the models, dataclasses and typed dictionaries in an annotation."""
    for found in _types(annotation):
        if not isinstance(found, type):
            continue
        if issubclass(found, BaseModel):
            yield from found.model_fields.items()
        elif is_dataclass(found) or is_typeddict(found):
            for name, inner in found.__annotations__.items():
                yield name, FieldInfo.from_annotation(inner)


def _holds_secret(annotation: Any, outer: tuple[Any, ...] = ()) -> bool:
    """Whether a secret is anywhere in values of a type, by its type or by its name."""
    if annotation in outer:  # a model within itself
        return False
    secrets = (Secret, SecretBytes, SecretStr)
    return any(
        isinstance(found, type) and issubclass(found, secrets) for found in _types(annotation)
    ) or any(
        is_secret(name) or _holds_secret(inner.annotation, (*outer, annotation))
        for name, inner in _inner_fields(annotation)
    )


def _texts(value: object) -> Iterator[str]:
    """The texts in a value, also in one that is JSON; of an address all after the scheme."""
    if isinstance(value, str):
        try:
            decoded = json.loads(value)
        except (ValueError, RecursionError):
            decoded = None
        if isinstance(decoded, dict | list):
            yield from _texts(decoded)
        else:
            yield value.partition("://")[2] or value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _without(secrets: list[str], text: str) -> str:
    """The text without the secrets and without parts of them, in whatever case."""
    for secret in filter(None, secrets):
        if len(secret) < _SHORTEST_PART:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
            continue
        while True:
            lowered = secret.translate(_TO_LOWER), text.translate(_TO_LOWER)
            shared = SequenceMatcher(None, *lowered, autojunk=False).find_longest_match()
            if shared.size < _SHORTEST_PART:
                break
            text = f"{text[: shared.b]}{HIDDEN}{text[shared.b + shared.size :]}"
    return hide_passwords(text)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
