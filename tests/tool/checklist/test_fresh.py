"""A fresh service of any kind is clean in its static checks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .mutating import KINDS, unclean


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_service_is_clean(copied: Callable[[str], Path], kind: str) -> None:
    copied(kind)
    assert unclean() == {}
