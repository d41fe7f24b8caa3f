"""Each static check notices what breaks it, and no other check does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipshape.checklist.check import Status

from .mutating import Mutation, static, unclean
from .mutations import (
    automation,
    developer_experience,
    documentation,
    observability,
    security,
    stability,
)

MUTATIONS = [
    *automation.MUTATIONS,
    *developer_experience.MUTATIONS,
    *documentation.MUTATIONS,
    *observability.MUTATIONS,
    *security.MUTATIONS,
    *stability.MUTATIONS,
]


def parameters() -> list[Any]:
    """All mutations; `make test` tries the first one of each check."""
    first = {it.check: it for it in reversed(MUTATIONS)}.values()
    return [
        pytest.param(it, id=str(it), marks=[] if it in first else pytest.mark.long)
        for it in MUTATIONS
    ]


@pytest.mark.parametrize("mutation", parameters())
def test_the_check_notices_it(copied: Callable[[str], Path], mutation: Mutation) -> None:
    mutation.change(copied(mutation.kind))
    found = unclean()
    expected = {mutation.check: Status.FAIL} | dict.fromkeys(mutation.unknown, Status.UNKNOWN)
    assert {id: status for id, (status, _) in found.items()} == expected, found


def test_each_check_has_a_mutation(copied: Callable[[], Path]) -> None:
    copied()
    assert {it.check.id for it in static().results} == {it.check for it in MUTATIONS}
