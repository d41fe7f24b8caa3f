"""Redaction of secrets in what the service writes: by their names, and in addresses."""

import re
from collections.abc import Mapping
from functools import lru_cache

HIDDEN = "***"

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_SECRET_WORDS = re.compile(
    r"(pass_?word|passwd|pass_?phrase|pass_?code|pwd|secret|token|credential|authorization|cookie"
    r"|bearer|jwt|connection_?string|session_?id"
    r"|(access|account|api|auth|encryption|master|private|shared|signing|ssh)_?key)s?\d*(_|$)"
    r"|(^|_)(pass|auth)$"
)
# A password may contain "@" and, unescaped, "/"; a port with a path after it is no password.
_AFTER_THE_USER = re.compile(
    r"(://[^/\s:@'\"\[]*:)([^/?#\s'\"]+@|(?!\d{1,5}[/?#])((?!://)[^\s'\"@])+@)"
)
_PARAMETER = re.compile(r"([?&]([\w.-]+)=)[^&#\s'\"]+")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a name means a secret, as `DB_PASSWORD`, `x-api-key` and `clientSecret` do."""
    return bool(_SECRET_WORDS.search(_WORD_STARTS.sub("_", name).lower()))


def hide_passwords(text: str) -> str:
    """The text without the passwords and secret parameters of the addresses in it."""
    text = _AFTER_THE_USER.sub(rf"\1{HIDDEN}@", text)
    return _PARAMETER.sub(
        lambda found: found[1] + HIDDEN if is_secret(found[2]) else found[0], text
    )


def redacted(value: object, depth: int = 16) -> object:
    """A copy of nested mappings, lists and tuples with `***` for each value of a secret name.

    Numbers, booleans and None stay, for `max_tokens=100` is no secret. Structures nested deeper
    than `depth` are hidden, so that one that contains itself ends.
    """
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not depth:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            name: (
                HIDDEN
                if is_secret(str(name)) and not isinstance(item, int | float | None)
                else redacted(item, depth - 1)
            )
            for name, item in value.items()
        }
    items = [redacted(item, depth - 1) for item in value]
    return items if isinstance(value, list) else tuple(items)
