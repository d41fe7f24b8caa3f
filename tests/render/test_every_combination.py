"""Whatever is answered, the files of the service are as they should be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import checks


@pytest.mark.parametrize(
    "check",
    [
        # flake8 takes a quarter of the time of all tests that are not slow.
        pytest.param(
            it, id=it.__name__, marks=[pytest.mark.slow] * (it is checks.flake8_is_content)
        )
        for it in checks.ALL
    ],
)
def test_service(service: Path, check: Callable[[Path], None]) -> None:
    check(service)
