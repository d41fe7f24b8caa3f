"""A stop fails no request: not now and then either."""

from pathlib import Path

import pytest

from .conftest import kinds, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

REPETITIONS = 50
LOAD = f".venv/bin/python -m tests.chassis.load {REPETITIONS}"


@kinds("postgresql", "none")
def test_many_stops_under_load_fail_no_request(tested: Path) -> None:
    command = ["sh", "-c", LOAD]
    if (tested / "migrations").exists():
        command = [
            ".venv/bin/python",
            ".shipshape/shipshape/development/database.py",
            "sh",
            "-c",
            f".venv/bin/alembic upgrade head && {LOAD}",
        ]

    told = run(tested, *command)

    assert f" answered, 0 failed, exit codes {{0: {REPETITIONS}}}" in told
