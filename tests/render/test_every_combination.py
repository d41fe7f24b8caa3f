"""Whatever is answered, the files of the service are as they should be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import checks


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_service(service: Path, check: Callable[[Path], None]) -> None:
    check(service)
