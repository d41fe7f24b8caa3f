"""Texts of checks: plain, with code in backticks."""

import re
from collections.abc import Iterator

from ..check import Check
from ..report import Result

_CODE = re.compile(r"`([^`\n]+)`")


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text, each with whether it is code."""
    for number, part in enumerate(_CODE.split(text)):
        if part:
            yield part, number % 2 == 1


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())


def short(result: Result) -> str:
    """The evidence in short: the first of it, and how much more there is."""
    first, *more = result.evidence
    return one_line(str(first)) + (f" (+{len(more)})" if more else "")


def enforcement(result: Result) -> str:
    """When a check starts to count that does not count yet; empty for others."""
    return "" if result.enforced else f"counts from {result.check.enforced_from}"


def attestation(check: Check) -> str:
    """What a person adds to checklist.toml to attest an external check."""
    return (
        f'[[attestation]]\ncheck = "{check.id}"\nby = "your name"\n'
        'on = 2026-01-31\nevidence = "https://…"'
    )
